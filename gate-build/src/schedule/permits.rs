//! Who may compute: each of cargo's tokens is a permit for one thread, whoever started it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// A thread that waits looks this often whether the one it waits for still computes.
const LOOK: Duration = Duration::from_millis(5);

/// A thread waits this long at most where another one of its compilation looks.
const OTHERWISE: Duration = Duration::from_millis(200);

/// Permits that threads of [`super::run`] lend once they have nothing left to start, for threads that compilers start
/// themselves.
#[derive(Default)]
pub(crate) struct Permits {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Lent, and taken by nobody.
    free: usize,
    /// Threads that want one.
    waiting: usize,
    /// Tasks that have not ended.
    unfinished: usize,
    /// Tokens that were asked for and have not come.
    requested: usize,
    /// Threads that would take a token.
    idle: usize,
    /// Asks for one token.
    ask: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl State {
    fn ask(&mut self, wanted: usize) {
        let Some(ask) = &self.ask else { return };
        while self.requested < wanted.min(self.idle) {
            self.requested += 1;
            ask();
        }
    }
}

/// What became of a lent permit.
#[derive(PartialEq, Eq)]
pub(super) enum Lent {
    /// Nobody wants it for now.
    Unwanted,
    /// Every task has ended.
    Over,
}

impl Permits {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// So many tasks are about to run, with so many threads that wait for a token, each of which `ask` asks for.
    pub(super) fn begin(&self, tasks: usize, threads: usize, ask: Option<Arc<dyn Fn() + Send + Sync>>) {
        let mut state = self.lock();
        state.unfinished = tasks;
        state.idle = threads;
        state.requested = 0;
        state.ask = ask;
        state.ask(tasks.saturating_sub(1));
    }

    /// Nothing is asked for any more.
    pub(super) fn end(&self) {
        self.lock().ask = None;
    }

    pub(super) fn task_ended(&self) {
        self.lock().unfinished -= 1;
        self.changed.notify_all();
    }

    /// A token has come to one of the threads that wait for them.
    pub(super) fn token_came(&self) {
        let mut state = self.lock();
        state.requested = state.requested.saturating_sub(1);
        state.idle = state.idle.saturating_sub(1);
    }

    /// The thread has given its token back.
    pub(super) fn token_went(&self) {
        let mut state = self.lock();
        state.idle += 1;
        let waiting = state.waiting;
        state.ask(waiting);
    }

    /// Lends the permit of this thread until every task has ended, or, with `until_unwanted`, until nobody wants it.
    pub(super) fn lend(&self, until_unwanted: bool) -> Lent {
        let mut state = self.lock();
        state.free += 1;
        self.changed.notify_all();
        loop {
            if state.unfinished == 0 {
                state.free = state.free.saturating_sub(1);
                return Lent::Over;
            }
            if until_unwanted && state.free > state.waiting {
                state.free -= 1;
                return Lent::Unwanted;
            }
            state = self.wait(state);
        }
    }
}

/// Whether the permit is still wanted, under the lock of [`Permits`].
#[derive(Default)]
pub(super) struct Asking {
    pub over: std::sync::atomic::AtomicBool,
}

impl Permits {
    /// Takes a permit as soon as one is free; none where it is called off first.
    pub(super) fn take(&self, asking: &Asking) -> bool {
        let mut state = self.lock();
        state.waiting += 1;
        let waiting = state.waiting;
        state.ask(waiting);
        self.changed.notify_all();
        while state.free == 0 && !asking.over.load(Ordering::Relaxed) {
            state = self.wait(state);
        }
        state.waiting -= 1;
        let has = !asking.over.load(Ordering::Relaxed);
        if has {
            state.free -= 1;
        }
        has
    }

    /// Gives back one that was taken.
    pub(super) fn give(&self) {
        self.lock().free += 1;
        self.changed.notify_all();
    }

    /// Takes a permit as soon as one is free, and keeps it until it is called off; nothing where that comes first.
    pub(super) fn hold_until_over(&self, asking: &Asking) {
        let has = self.take(asking);
        let mut state = self.lock();
        while !asking.over.load(Ordering::Relaxed) {
            state = self.wait(state);
        }
        state.free += usize::from(has);
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn call_off(&self, asking: &Asking) {
        // Under the lock, so that nobody begins to wait after it was said.
        let _state = self.lock();
        asking.over.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }
}

/// The threads of one compilation. Where the thread that called the compiler waits for others, one of these goes on
/// with its permit; each further one needs a permit of its own.
pub(crate) struct Team {
    permits: Arc<Permits>,
    caller: ThreadId,
    inner: Mutex<Inner>,
    /// Calls of [`Team::pass`].
    passes: AtomicU64,
}

#[derive(Default)]
struct Inner {
    /// Who has the permit of the caller.
    own: Option<(ThreadId, Place)>,
    /// Permits taken from those that are lent.
    lent: usize,
    ended: bool,
    /// Whether one of the threads that wait looks whether the owner computes.
    watched: bool,
}

impl Inner {
    fn owner(&self) -> Option<ThreadId> {
        self.own.as_ref().map(|(owner, _)| *owner)
    }
}

/// Where the system says what a thread does.
struct Place(Option<PathBuf>);

impl Place {
    fn of_this_thread() -> Self {
        // `<process>/task/<thread>`, on Linux.
        let link = fs::read_link("/proc/thread-self").ok();
        Self(link.map(|link| Path::new("/proc").join(link).join("stat")))
    }

    /// Whether the thread waits for something; `None` where the system does not say.
    fn sleeps(&self) -> Option<bool> {
        let text = fs::read_to_string(self.0.as_ref()?).ok()?;
        // `7 (name) S …`, the name being anything.
        let state = text.rsplit_once(')')?.1.trim_start().chars().next()?;
        Some(state == 'S')
    }
}

/// How often a team was seen to do nothing.
#[derive(Default)]
struct Idle {
    passes: u64,
    times: u32,
}

impl Idle {
    /// Whether the owner of the permit sleeps now and did when this was asked before. Without word from the system, whether
    /// no thread of the team has asked to go on for a second, which is longer than most steps of a compilation.
    fn lasts(&mut self, inner: &Inner, passes: u64) -> bool {
        let sleeps = inner.own.as_ref().and_then(|(_, place)| place.sleeps());
        if passes != self.passes || sleeps == Some(false) {
            self.passes = passes;
            self.times = 0;
            return false;
        }
        self.times += 1;
        self.times > if sleeps.is_some() { 2 } else { 200 }
    }
}

impl Team {
    /// A team whose caller is this thread.
    pub(crate) fn new(permits: &Arc<Permits>) -> Arc<Self> {
        Arc::new(Self {
            permits: Arc::clone(permits),
            caller: thread::current().id(),
            inner: Mutex::default(),
            passes: AtomicU64::new(0),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called by each thread of the compiler now and then: returns when it may go on. A thread keeps its permit until
    /// it ends.
    pub(crate) fn pass(self: &Arc<Self>) {
        self.passes.fetch_add(1, Ordering::Relaxed);
        let me = thread::current().id();
        // A thread that is ending has no place to keep a permit in, and next to nothing left to do.
        let _ = HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            let goes_on = match &*held {
                Some(held) if Arc::ptr_eq(&held.team, self) => match held.kind {
                    Kind::Own => self.inner().owner() == Some(me),
                    Kind::Lent => true,
                },
                _ => false,
            };
            if !goes_on {
                // What another compilation left goes back first.
                *held = None;
                let kind = self.wait(me);
                *held = Some(Held {
                    team: Arc::clone(self),
                    kind,
                });
            }
        });
    }

    fn wait(&self, me: ThreadId) -> Kind {
        let mut idle = Idle::default();
        let mut state = self.permits.lock();
        loop {
            {
                let mut inner = self.inner();
                // The caller computes only while its helpers do not, and the other way round. Helpers that have nothing
                // left to do sleep, with what they have, until the last of them is done.
                let owner = inner.owner();
                if me == self.caller
                    || owner.is_none_or(|owner| owner == me || owner == self.caller)
                    || idle.lasts(&inner, self.passes.load(Ordering::Relaxed))
                {
                    inner.own = Some((me, Place::of_this_thread()));
                    return Kind::Own;
                }
                if state.free > 0 {
                    state.free -= 1;
                    inner.lent += 1;
                    return Kind::Lent;
                }
            }
            let looks = !std::mem::replace(&mut self.inner().watched, true);
            state.waiting += 1;
            let waiting = state.waiting;
            state.ask(waiting);
            state = self
                .permits
                .changed
                .wait_timeout(state, if looks { LOOK } else { OTHERWISE })
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            state.waiting -= 1;
            if looks {
                self.inner().watched = false;
            }
        }
    }

    fn give_back(&self, kind: Kind, who: ThreadId) {
        let mut state = self.permits.lock();
        let mut inner = self.inner();
        match kind {
            Kind::Own if inner.owner() == Some(who) => inner.own = None,
            Kind::Lent if !inner.ended => {
                inner.lent -= 1;
                state.free += 1;
            }
            _ => {}
        }
        drop(inner);
        drop(state);
        self.permits.changed.notify_all();
    }

    /// The compilation is over, whatever its threads still have.
    pub(crate) fn end(&self) {
        let mut state = self.permits.lock();
        let mut inner = self.inner();
        inner.ended = true;
        state.free += std::mem::take(&mut inner.lent);
        drop(inner);
        drop(state);
        HELD.with(|held| *held.borrow_mut() = None);
        self.permits.changed.notify_all();
    }
}

#[derive(Clone, Copy)]
enum Kind {
    /// That of the caller.
    Own,
    Lent,
}

/// What this thread has. It is given back when the thread ends.
struct Held {
    team: Arc<Team>,
    kind: Kind,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.team.give_back(self.kind, thread::current().id());
    }
}

thread_local! {
    static HELD: std::cell::RefCell<Option<Held>> = const { std::cell::RefCell::new(None) };
}
