//! Every model of the runtime. Orders are explored, not tried at random: a model that passes, passes in all of them.

use gate_runtime::models;

#[test]
fn records_come_out_whole_in_order_and_once() {
    models::records_come_out_whole_in_order_and_once();
}

#[test]
fn changes_of_the_switch_are_not_lost_and_not_torn() {
    models::changes_of_the_switch_are_not_lost_and_not_torn();
}

#[test]
fn failures_of_two_threads_roll_back_once() {
    models::failures_of_two_threads_roll_back_once();
}

#[test]
fn reloads_come_one_after_the_other() {
    models::reloads_come_one_after_the_other();
}

#[test]
fn a_drain_loses_nothing_and_runs_nothing_twice() {
    models::a_drain_loses_nothing_and_runs_nothing_twice();
}
