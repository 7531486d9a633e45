//! One pass over a text for all keywords, and a closer look at what follows each.

use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{BuildError, Match, MatchKind};

use gate_base::digest::sha256_hex;

use super::assignment::{self, SCHEMES, WORDS};
use super::commands::{self, PROGRAMS, Program};
use super::documented::is_documented;
use super::format::{Belief, Format};
use super::inner::{Inner, MARKS};
use super::kind::Kind;
use super::lanes::Search;
use super::position::{Positions, characters};
use super::private_key::{self, PrivateKey};
use super::{Hit, HomePath, TextScan, context, eager, formats, headers, homes, jwt, kubernetes, siblings, span, url};

/// What a keyword leads to.
#[derive(Debug, Clone, Copy)]
enum Lead {
    Format(usize),
    Mark(usize),
    PrivateKey,
    Putty,
    WebToken,
    Address,
    Manifest,
    Curl,
    /// Only hidden.
    Program(&'static Program),
    /// Only hidden.
    Cookie,
    Word(Kind),
    Scheme(usize),
    Home(usize),
}

struct Keywords {
    words: Vec<&'static str>,
    leads: Vec<Lead>,
    formats: Vec<Format>,
}

static KEYWORDS: LazyLock<Keywords> = LazyLock::new(Keywords::new);

/// What every run has: its own reports are short, and this automaton is built in a fifth of the time of the other.
static SMALL: LazyLock<Search<NFA>> = LazyLock::new(|| {
    let mut builder = NFA::builder();
    builder.match_kind(MatchKind::Standard).ascii_case_insensitive(true);
    // It would only mark the state in which most bytes leave the automaton.
    builder.prefilter(false);
    ready(builder.build(&KEYWORDS.words))
});

/// For trees and long logs: three times as fast.
static FAST: LazyLock<Search<DFA>> = LazyLock::new(|| {
    let mut builder = DFA::builder();
    builder.match_kind(MatchKind::Standard).ascii_case_insensitive(true);
    builder.prefilter(false);
    ready(builder.build(&KEYWORDS.words))
});

fn ready<A: Automaton>(built: Result<A, BuildError>) -> Search<A> {
    let search = built.ok().and_then(Search::new);
    search.expect("few and short keywords, to be found anywhere")
}

/// Bytes that have gone through [`SMALL`]: from [`MUCH`] on, [`FAST`] pays.
static SCANNED: AtomicUsize = AtomicUsize::new(0);
const MUCH: usize = 256 * 1024;

fn keywords_in(bytes: &[u8], rules: Rules) -> Vec<Match> {
    // What is printed is masked whole, and never so much that the larger automaton would pay: that is for logs.
    if rules == Rules::Lax && bytes.len() < 4 * MUCH {
        return SMALL.find(bytes);
    }
    if SCANNED.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len() < MUCH {
        SMALL.find(bytes)
    } else {
        FAST.find(bytes)
    }
}

impl Keywords {
    fn new() -> Self {
        let formats: Vec<Format> = formats::all().collect();
        let mut words: Vec<&str> = Vec::new();
        let mut leads = Vec::new();
        let mut add = |keyword: &'static str, lead| {
            words.push(keyword);
            leads.push(lead);
        };
        for (at, format) in formats.iter().enumerate() {
            add(format.prefix, Lead::Format(at));
        }
        for (at, (mark, _)) in MARKS.iter().enumerate() {
            add(mark, Lead::Mark(at));
        }
        add("PRIVATE KEY", Lead::PrivateKey);
        add("Private-Lines:", Lead::Putty);
        add("eyJ", Lead::WebToken);
        add("://", Lead::Address);
        add("kind: Secret", Lead::Manifest);
        add("curl ", Lead::Curl);
        for program in PROGRAMS {
            add(program.name, Lead::Program(program));
        }
        add("cookie", Lead::Cookie);
        for (kind, words) in WORDS {
            for word in words.split(' ') {
                add(word, Lead::Word(*kind));
            }
        }
        for (at, scheme) in SCHEMES.iter().enumerate() {
            add(scheme, Lead::Scheme(at));
        }
        for (at, beginning) in homes::BEGINNINGS.iter().enumerate() {
            add(beginning, Lead::Home(at));
        }
        Self { words, leads, formats }
    }
}

/// Builds what every scan needs.
pub(super) fn prepare() {
    LazyLock::force(&SMALL);
}

/// Finds everything in a text that is not to be published, and rather takes something harmless for a secret than leave one.
/// Bytes are text whatever they hold.
pub(super) fn scan_to_mask(bytes: &[u8]) -> TextScan {
    scan_text(bytes, Rules::Lax)
}

/// Finds everything in a text that is not to be published.
pub(super) fn scan_strict(bytes: &[u8]) -> TextScan {
    scan_text(bytes, Rules::Strict)
}

/// What is taken for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// What looks like one that opens something: a finding is about it.
    Strict,
    /// Whatever stands where one would: it is only hidden.
    Lax,
}

fn scan_text(bytes: &[u8], rules: Rules) -> TextScan {
    let keywords = &*KEYWORDS;
    let mut found = Found {
        bytes,
        lax: rules == Rules::Lax,
        positions: Positions::new(bytes),
        hits: Vec::new(),
        homes: Vec::new(),
    };
    for keyword in keywords_in(bytes, rules) {
        let range = keyword.range();
        match keywords.leads[keyword.pattern().as_usize()] {
            Lead::Format(at) => found.format(&keywords.formats[at], range.start),
            Lead::Mark(at) => found.inner((MARKS[at].1)(bytes, range.start)),
            Lead::PrivateKey => match private_key::pem(bytes, range.start) {
                None if rules == Rules::Lax => found.private_key(private_key::anything_like(bytes, range.start)),
                key => found.private_key(key),
            },
            Lead::Putty => found.private_key(private_key::putty(bytes, range.end)),
            Lead::WebToken => found.web_token(range.start),
            Lead::Address => found.address(range.start),
            Lead::Manifest => found.manifest(range.end),
            Lead::Curl => found.argument(commands::of_curl(bytes, range.end, found.lax), "--user ****"),
            Lead::Program(program) if found.lax => found.argument(program.password(bytes, range.end), "-p ****"),
            Lead::Cookie if found.lax => found.cookies(range),
            Lead::Program(_) | Lead::Cookie => {}
            Lead::Word(kind) => found.assignment(range, kind),
            Lead::Scheme(at) => found.header(range, at == 1),
            Lead::Home(at) => found.home(range.start, homes::BEGINNINGS[at]),
        }
    }
    found.finish()
}

struct Found<'a> {
    bytes: &'a [u8],
    lax: bool,
    positions: Positions<'a>,
    /// With how much is known: of hits that overlap, the one with the smaller number stays.
    hits: Vec<(u8, Hit)>,
    homes: Vec<HomePath>,
}

impl Found<'_> {
    fn add(&mut self, rank: u8, kind: Kind, what: &str, span: Range<usize>, masked: String) -> &mut Hit {
        let bytes = self.bytes;
        let (line, column) = self.positions.of(span.start);
        let secret = span::within(bytes, span.clone());
        let first_line = memchr::memchr(b'\n', secret).map_or(secret, |end| span::before(secret, end));
        self.hits.push((
            rank,
            Hit {
                kind,
                what: what.to_owned(),
                line,
                column,
                length: characters(first_line.trim_ascii_end()),
                digest: sha256_hex(secret),
                masked,
                certain: false,
                guessed: false,
                in_test: context::in_test(bytes, span.start),
                bare: false,
                span,
            },
        ));
        let last = self.hits.len() - 1;
        &mut self.hits[last].1
    }

    fn text(&self, range: Range<usize>) -> String {
        String::from_utf8_lossy(span::within(self.bytes, range)).into_owned()
    }

    fn format(&mut self, format: &Format, at: usize) {
        let exact = format.find(self.bytes, at);
        if let Some((end, belief)) = exact.or_else(|| self.lax.then(|| format.find_glued(self.bytes, at)).flatten()) {
            let masked = format!("{}****", format.prefix);
            let hit = self.add(1, format.kind, format.what, at..end, masked);
            hit.certain = belief == Belief::Certain;
        }
    }

    fn inner(&mut self, inner: Option<Inner>) {
        if let Some(Inner { kind, what, span }) = inner {
            self.add(1, kind, what, span, "****".to_owned());
        }
    }

    fn private_key(&mut self, key: Option<PrivateKey>) {
        if let Some(key) = key {
            let header = self.text(key.header);
            let masked = format!("{} ****", header.trim_end());
            let digest = sha256_hex(&key.body);
            let hit = self.add(0, Kind::PrivateKey, key.what, key.span, masked);
            hit.digest = digest;
        }
    }

    fn web_token(&mut self, at: usize) {
        if let Some(end) = jwt::find(self.bytes, at) {
            let hit = self.add(2, Kind::BearerToken, "a JSON web token", at..end, "eyJ****".to_owned());
            hit.guessed = true;
        }
    }

    fn address(&mut self, at: usize) {
        if self.lax
            && let Some(span) = url::token(self.bytes, at)
        {
            let hit = self.add(3, Kind::Token, "a token in an address", span, "****".to_owned());
            hit.guessed = true;
        }
        let any = || self.lax.then(|| url::find_any(self.bytes, at)).flatten();
        if let Some(span) = url::find(self.bytes, at).or_else(any) {
            let of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'@');
            let host = span::run(self.bytes, span.end, of_host);
            let masked = format!("****{}", self.text(span.end..span.end + host));
            self.add(3, Kind::Password, "a password in an address", span, masked);
        }
    }

    fn manifest(&mut self, at: usize) {
        for value in kubernetes::find(self.bytes, at) {
            let hit = self.add(
                4,
                Kind::Secret,
                "a value of a Kubernetes secret",
                value,
                "****".to_owned(),
            );
            hit.guessed = true;
            hit.bare = true;
        }
    }

    fn argument(&mut self, password: Option<Range<usize>>, masked: &str) {
        if let Some(password) = password {
            let what = "a password on a command line";
            let hit = self.add(4, Kind::Password, what, password, masked.to_owned());
            hit.guessed = true;
        }
    }

    fn cookies(&mut self, word: Range<usize>) {
        for value in headers::cookies(self.bytes, word) {
            let hit = self.add(4, Kind::Token, "a cookie", value, "Cookie: ****".to_owned());
            hit.guessed = true;
        }
    }

    fn assignment(&mut self, word: Range<usize>, kind: Kind) {
        if self.lax
            && kind == Kind::BearerToken
            && let Some(value) = headers::authorization(self.bytes, word.end)
        {
            let hit = self.add(
                4,
                kind,
                "an authorization header",
                value,
                "Authorization: ****".to_owned(),
            );
            hit.guessed = true;
            return;
        }
        let any = || self.lax.then(|| eager::find(self.bytes, word.clone(), kind)).flatten();
        if let Some(found) = assignment::find(self.bytes, word.clone(), kind, self.lax).or_else(any) {
            let guessed = found.kind != Kind::AwsSecretKey;
            // A mask hides it all the same.
            if guessed && !self.lax && siblings::is_in_table(self.bytes, &found.value) {
                return;
            }
            let masked = format!("{}=****", self.text(found.name));
            let hit = self.add(4, found.kind, found.what, found.value, masked);
            hit.guessed = guessed;
            hit.bare = found.bare;
            hit.in_test |= found.in_test;
        }
    }

    fn header(&mut self, scheme: Range<usize>, basic: bool) {
        let Some(value) = assignment::after_scheme(self.bytes, scheme.end, self.lax) else {
            return;
        };
        let name = self.text(scheme);
        let (kind, what) = if basic {
            if !assignment::is_basic(span::within(self.bytes, value.clone())) {
                return;
            }
            (Kind::Password, "a password in a header")
        } else {
            (Kind::BearerToken, "a bearer token")
        };
        let hit = self.add(3, kind, what, value, format!("{name}****"));
        hit.guessed = true;
    }

    fn home(&mut self, at: usize, beginning: &str) {
        let Some(span) = homes::find(self.bytes, at, beginning) else {
            return;
        };
        let (line, column) = self.positions.of(span.start);
        let text = self.text(span.clone());
        self.homes.push(HomePath {
            line,
            column,
            text,
            span,
        });
    }

    fn finish(mut self) -> TextScan {
        self.hits
            .sort_by(|(a_rank, a), (b_rank, b)| (a.span.start, a_rank).cmp(&(b.span.start, b_rank)));
        let mut kept: Vec<(u8, Hit)> = Vec::new();
        for (rank, hit) in self.hits {
            match kept.last_mut() {
                Some((last_rank, last)) if hit.span.start < last.span.end => {
                    if rank < *last_rank {
                        (*last_rank, *last) = (rank, hit);
                    }
                }
                _ => kept.push((rank, hit)),
            }
        }
        self.homes.sort_by_key(|home| home.span.start);
        self.homes.dedup_by(|a, b| a.span.start < b.span.end);
        TextScan {
            hits: kept
                .into_iter()
                .map(|(_, hit)| hit)
                .filter(|hit| !is_documented(&hit.digest))
                .collect(),
            homes: self.homes,
            unread: Vec::new(),
        }
    }
}
