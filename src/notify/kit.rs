//! What the tests of notifiers share.
