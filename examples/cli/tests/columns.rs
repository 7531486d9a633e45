//! What a caller sees.

use columns::{Columns, ColumnsError};

#[test]
fn columns_come_in_the_order_in_which_they_are_named() {
    let columns = Columns::parse("3, 1").expect("columns");
    assert_eq!(columns.choose("a\tb\tc", '\t'), "c\ta");
    assert_eq!(columns.choose("a", '\t'), "\ta");
}

#[test]
fn what_is_no_column_is_refused() {
    assert_eq!(Columns::parse("1,x"), Err(ColumnsError::NotANumber("x".into())));
    assert_eq!(Columns::parse("0"), Err(ColumnsError::NotANumber("0".into())));
    assert_eq!(Columns::parse(" , "), Err(ColumnsError::Empty));
}
