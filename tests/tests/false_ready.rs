//! Ways to a READY that nothing stands for, each as a person would come upon it.

#[path = "false_ready/order.rs"]
mod order;
#[path = "false_ready/suites.rs"]
mod suites;
#[path = "false_ready/values.rs"]
mod values;
