mod a;
#[derive(Debug, thiserror::Error)]
pub enum LoadError { Empty, Io(#[from] io::Error) }
impl std::error::Error for Other {}
#[deprecated(since = "1.0.0")] pub fn old() {}
fn f(x: &[u8]) -> Result<u8, LoadError> {
    match x { [] => Err(LoadError::Empty), _ if x[0] == 1 => panic!(), _ => Ok(x.first().copied().unwrap()) }
}
macro_rules! m { ($x:expr) => { $x[0].expect("x") } }
static S: L = L::new(|| a.unwrap());
