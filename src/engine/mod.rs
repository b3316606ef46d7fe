//! The only room with tasks: schedules checks, runs steps, sequences events.
