//! The redactor: knows every loaded secret and its encoded forms, and takes them out of text and streams.
