//! The one place that reads clocks: wall time and boot time together.
