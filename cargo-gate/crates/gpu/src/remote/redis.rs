//! A Redis server: each entry is a string under its place.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gate_build::store::LARGEST;
use redis::{Client, Connection, RedisResult};

use super::{Failure, Remote};

/// A Redis server, with the connections that are not in use.
pub(super) struct Redis {
    client: Client,
    timeout: Duration,
    prefix: &'static str,
    idle: Mutex<Vec<Connection>>,
}

impl Redis {
    pub(super) fn new(client: Client, timeout: Duration, prefix: &'static str) -> Self {
        Self {
            client,
            timeout,
            prefix,
            idle: Mutex::default(),
        }
    }

    /// Uses a connection, and keeps it when all went well.
    fn with<T>(&self, ask: impl FnOnce(&mut Connection) -> RedisResult<T>) -> Result<T, Failure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect().map_err(|error| failure(&error))?,
        };
        let answer = ask(&mut connection).map_err(|error| failure(&error))?;
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        Ok(answer)
    }

    fn connect(&self) -> RedisResult<Connection> {
        let connection = self.client.get_connection_with_timeout(self.timeout)?;
        connection.set_read_timeout(Some(self.timeout))?;
        connection.set_write_timeout(Some(self.timeout))?;
        Ok(connection)
    }
}

impl Remote for Redis {
    fn get(&self, place: &str) -> Result<Option<Vec<u8>>, Failure> {
        // GETRANGE instead of GET, so that nothing larger than an entry is sent. No entry is empty.
        let key = format!("{}/{place}", self.prefix);
        let bytes: Vec<u8> =
            self.with(|connection| redis::cmd("GETRANGE").arg(key).arg(0).arg(LARGEST).query(connection))?;
        match bytes.len() as u64 {
            0 => Ok(None),
            length if length > LARGEST => Err(Failure::TooLarge),
            _ => Ok(Some(bytes)),
        }
    }

    fn put(&self, place: &str, bytes: &[u8]) -> Result<(), Failure> {
        let key = format!("{}/{place}", self.prefix);
        self.with(|connection| redis::cmd("SET").arg(key).arg(bytes).exec(connection))
    }
}

fn failure(error: &redis::RedisError) -> Failure {
    if error.is_timeout() {
        return Failure::new("the server did not answer in time");
    }
    Failure::new(error)
}
