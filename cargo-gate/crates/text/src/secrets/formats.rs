//! Tokens by the prefixes that their vendors publish.

use super::alphabet::Alphabet::{self, Alnum, AnyHex, Base32, Base64, Dotted, Hex, Lower, Upper, Url, Word};
use super::format::{Belief, Format, mixed, parts, perhaps_summed, random, summed, with_digits};
use super::kind::Kind::{self, ApiKey, AwsAccessKey, GithubToken, Secret, SlackToken, Token};

type Row = (
    Kind,
    &'static str,
    &'static str,
    Alphabet,
    usize,
    usize,
    fn(&[u8]) -> Belief,
);

/// Every format.
pub(super) fn all() -> impl Iterator<Item = Format> {
    ROWS.iter()
        .map(|(kind, what, prefix, alphabet, least, most, test)| Format {
            kind: *kind,
            what,
            prefix,
            alphabet: *alphabet,
            length: (*least, *most),
            test: *test,
        })
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Where code and packages live.
    (GithubToken, "a GitHub personal access token", "ghp_", Alnum, 36, 36, summed),
    (GithubToken, "a GitHub OAuth token", "gho_", Alnum, 36, 36, summed),
    (GithubToken, "a GitHub user-to-server token", "ghu_", Alnum, 36, 36, summed),
    (GithubToken, "a GitHub server-to-server token", "ghs_", Alnum, 36, 36, summed),
    (GithubToken, "a GitHub server-to-server token", "ghs_", Dotted, 60, 4096, app_token),
    (GithubToken, "a GitHub refresh token", "ghr_", Alnum, 36, 76, summed),
    (GithubToken, "a GitHub fine-grained token", "github_pat_", Word, 82, 82, |body| parts(body, b'_', &[22, 59])),
    (Token, "a GitLab personal access token", "glpat-", Dotted, 20, 300, random),
    (Token, "a GitLab deploy token", "gldt-", Url, 20, 64, random),
    (Token, "a GitLab runner token", "glrt-", Dotted, 20, 300, random),
    (Token, "a GitLab runner registration token", "GR1348941", Url, 20, 20, random),
    (Token, "a GitLab trigger token", "glptt-", Hex, 40, 40, random),
    (Token, "a GitLab feed token", "glft-", Url, 20, 64, random),
    (Token, "a GitLab SCIM token", "glsoat-", Url, 20, 64, random),
    (Token, "a GitLab job token", "glcbt-", Url, 20, 64, random),
    (Token, "a GitLab feature flag token", "glffct-", Url, 20, 64, random),
    (Token, "a GitLab mail token", "glimt-", Url, 25, 64, random),
    (Token, "a GitLab agent token", "glagent-", Url, 50, 64, random),
    (Secret, "a GitLab application secret", "gloas-", Url, 64, 64, random),
    (Token, "a GitLab session", "_gitlab_session=", Lower, 32, 32, random),
    (Token, "a crates.io token", "cio", Alnum, 32, 32, mixed),
    (Token, "an npm token", "npm_", Alnum, 36, 36, perhaps_summed),
    (Token, "a PyPI token", "pypi-AgE", Url, 60, 1000, random),
    (Token, "a RubyGems token", "rubygems_", Hex, 48, 48, random),
    (Token, "a Clojars token", "CLOJARS_", Lower, 60, 60, random),
    (Token, "an Artifactory token", "cmVmd", Alnum, 59, 59, mixed),
    (ApiKey, "an Artifactory key", "AKCp", Alnum, 69, 69, mixed),
    (Token, "a Docker Hub token", "dckr_pat_", Url, 27, 27, random),
    (Token, "a Docker Hub organization token", "dckr_oat_", Url, 32, 32, random),
    (Token, "a Sourcegraph token", "sgp_", Word, 40, 57, random),
    (ApiKey, "an Octopus Deploy key", "API-", Upper, 26, 26, with_digits),
    (Token, "a Pulumi token", "pul-", Hex, 40, 40, random),
    (Token, "a Prefect token", "pnu_", Alnum, 36, 36, random),
    (Token, "an Infracost token", "ico-", Alnum, 32, 32, mixed),
    // Clouds.
    (AwsAccessKey, "an AWS access key id", "AKIA", Base32, 16, 16, aws_id),
    (AwsAccessKey, "an AWS temporary access key id", "ASIA", Base32, 16, 16, aws_id),
    (AwsAccessKey, "an AWS bearer id", "ABIA", Base32, 16, 16, aws_id),
    (AwsAccessKey, "an AWS context id", "ACCA", Base32, 16, 16, aws_id),
    (AwsAccessKey, "an AWS access key id", "A3T", Base32, 17, 17, aws_id),
    (ApiKey, "an AWS Bedrock key", "ABSK", Base64, 109, 300, mixed),
    (ApiKey, "an AWS Bedrock key", "bedrock-api-key-", Base64, 60, 4096, random),
    (ApiKey, "a Google API key", "AIza", Url, 35, 35, mixed),
    (Secret, "a Google OAuth client secret", "GOCSPX-", Url, 28, 28, random),
    (Token, "a Google access token", "ya29.", Url, 60, 2048, mixed),
    (ApiKey, "an Alibaba Cloud key id", "LTAI", Alnum, 20, 20, mixed),
    (Token, "a DigitalOcean token", "dop_v1_", Hex, 64, 64, random),
    (Token, "a DigitalOcean OAuth token", "doo_v1_", Hex, 64, 64, random),
    (Token, "a DigitalOcean refresh token", "dor_v1_", Hex, 64, 64, random),
    (ApiKey, "a Cloudflare key", "cfk_", Alnum, 48, 48, random),
    (Token, "a Cloudflare user token", "cfut_", Alnum, 48, 48, random),
    (Token, "a Cloudflare account token", "cfat_", Alnum, 48, 48, random),
    (ApiKey, "a Cloudflare origin CA key", "v1.0-", Url, 171, 171, |body| parts(body, b'-', &[24, 146])),
    (Token, "a Fly.io token", "fo1_", Url, 43, 43, mixed),
    (Token, "a Fly.io token", "fm1a_", Base64, 100, 4096, random),
    (Token, "a Fly.io token", "fm1r_", Base64, 100, 4096, random),
    (Token, "a Fly.io token", "fm2_", Base64, 100, 4096, random),
    (ApiKey, "a Heroku key", "HRKU-AA", Url, 58, 58, random),
    (Token, "a Vercel token", "vcp_", Alnum, 20, 60, mixed),
    (Token, "a Vercel integration token", "vci_", Alnum, 20, 60, mixed),
    (Token, "a Vercel access token", "vca_", Alnum, 20, 60, mixed),
    (Token, "a Vercel refresh token", "vcr_", Alnum, 20, 60, mixed),
    (ApiKey, "a Vercel gateway key", "vck_", Alnum, 20, 60, mixed),
    (Token, "a Scalingo token", "tk-us-", Url, 48, 48, random),
    (Token, "an OpenShift token", "sha256~", Url, 43, 43, mixed),
    (Token, "a PlanetScale token", "pscale_tkn_", Dotted, 32, 64, random),
    (Token, "a PlanetScale OAuth token", "pscale_oauth_", Dotted, 32, 64, random),
    (Kind::Password, "a PlanetScale password", "pscale_pw_", Dotted, 32, 64, random),
    (Token, "a Databricks token", "dapi", Url, 32, 34, databricks),
    (ApiKey, "a ClickHouse Cloud key", "4b1d", Alnum, 38, 38, mixed),
    // Secrets of infrastructure.
    (Token, "a Vault service token", "hvs.", Url, 24, 160, mixed),
    (Token, "a Vault batch token", "hvb.", Url, 100, 400, mixed),
    (Token, "a Vault recovery token", "hvr.", Url, 24, 160, mixed),
    (Token, "a Doppler token", "dp.pt.", Alnum, 40, 44, random),
    (Token, "a Doppler service token", "dp.st.", Dotted, 40, 100, random),
    (Token, "a Doppler CLI token", "dp.ct.", Alnum, 40, 44, random),
    (Token, "a Doppler account token", "dp.sa.", Alnum, 40, 44, random),
    (Token, "a Doppler SCIM token", "dp.scim.", Alnum, 40, 44, random),
    (Token, "a 1Password service account token", "ops_eyJ", Base64, 100, 1500, random),
    (Secret, "a 1Password secret key", "A3-", Url, 30, 36, one_password),
    (ApiKey, "a Tailscale key", "tskey-", Url, 26, 120, mixed),
    (ApiKey, "a Defined Networking key", "dnkey-", Url, 79, 79, random),
    (Token, "a Grafana Cloud token", "glc_", Base64, 32, 400, mixed),
    (Token, "a Grafana service account token", "glsa_", Word, 41, 41, |body| parts(body, b'_', &[32, 8])),
    (ApiKey, "a Grafana key", "eyJrIjoi", Base64, 70, 400, mixed),
    (Token, "a Sentry organization token", "sntrys_eyJ", Dotted, 60, 600, random),
    (Token, "a Sentry user token", "sntryu_", Hex, 64, 64, random),
    (Token, "a Dynatrace token", "dt0c01.", Dotted, 89, 89, |body| parts(body, b'.', &[24, 64])),
    (ApiKey, "a New Relic key", "NRAK-", Upper, 27, 27, with_digits),
    (ApiKey, "a New Relic insert key", "NRII-", Url, 32, 32, random),
    (ApiKey, "a New Relic browser key", "NRJS-", Hex, 19, 19, random),
    (Token, "an age secret key", "AGE-SECRET-KEY-1", Upper, 58, 58, random),
    // Models.
    (ApiKey, "an OpenAI key", "sk-", Url, 40, 250, openai),
    (ApiKey, "an Anthropic key", "sk-ant-", Url, 80, 160, mixed),
    (Token, "a Hugging Face token", "hf_", Alnum, 34, 37, mixed_case),
    (Token, "a Hugging Face organization token", "api_org_", Alnum, 34, 37, mixed_case),
    (ApiKey, "a Groq key", "gsk_", Alnum, 52, 52, mixed),
    (ApiKey, "a Perplexity key", "pplx-", Alnum, 48, 48, mixed),
    (ApiKey, "a Replicate token", "r8_", Alnum, 37, 37, mixed),
    // Messages.
    (SlackToken, "a Slack bot token", "xoxb-", Url, 24, 100, slack),
    (SlackToken, "a Slack user token", "xoxp-", Url, 24, 100, slack),
    (SlackToken, "a Slack workspace token", "xoxa-", Url, 10, 100, slack),
    (SlackToken, "a Slack refresh token", "xoxr-", Url, 10, 100, slack),
    (SlackToken, "a Slack session token", "xoxs-", Url, 24, 100, slack),
    (SlackToken, "a Slack legacy token", "xoxo-", Url, 24, 100, slack),
    (SlackToken, "a Slack configuration refresh token", "xoxe-", Url, 100, 200, slack),
    (SlackToken, "a Slack configuration token", "xoxe.xoxp-", Url, 100, 200, slack),
    (SlackToken, "a Slack configuration token", "xoxe.xoxb-", Url, 100, 200, slack),
    (SlackToken, "a Slack app token", "xapp-", Url, 30, 200, slack),
    (SlackToken, "a Slack web hook", "hooks.slack.com/services/", Base64, 40, 60, with_digits),
    (SlackToken, "a Slack web hook", "hooks.slack.com/workflows/", Base64, 40, 80, with_digits),
    (SlackToken, "a Slack web hook", "hooks.slack.com/triggers/", Base64, 40, 80, with_digits),
    (Secret, "a Discord web hook", "discord.com/api/webhooks/", Alphabet::Path, 80, 120, with_digits),
    (Secret, "a Discord web hook", "discordapp.com/api/webhooks/", Alphabet::Path, 80, 120, with_digits),
    (ApiKey, "a SendGrid key", "SG.", Dotted, 66, 66, |body| parts(body, b'.', &[22, 43])),
    (ApiKey, "a Brevo key", "xkeysib-", Url, 81, 81, |body| parts(body, b'-', &[64, 16])),
    (ApiKey, "a Mailgun key", "key-", Hex, 32, 32, random),
    (ApiKey, "a Twilio key", "SK", Hex, 32, 32, with_digits),
    // Money.
    (ApiKey, "a Stripe secret key", "sk_live_", Alnum, 20, 250, random),
    (ApiKey, "a Stripe restricted key", "rk_live_", Alnum, 20, 250, random),
    (ApiKey, "a Stripe secret key", "sk_prod_", Alnum, 20, 250, random),
    (ApiKey, "a Stripe restricted key", "rk_prod_", Alnum, 20, 250, random),
    (ApiKey, "a Stripe test key", "sk_test_", Alnum, 20, 250, random),
    (ApiKey, "a Stripe restricted test key", "rk_test_", Alnum, 20, 250, random),
    (Secret, "a Stripe web hook secret", "whsec_", Base64, 32, 64, mixed),
    (Token, "a Square token", "sq0atp-", Url, 22, 22, mixed),
    (Secret, "a Square secret", "sq0csp-", Url, 43, 43, mixed),
    (Token, "a Square token", "EAAA", Url, 56, 60, mixed),
    (Token, "a Shopify token", "shpat_", AnyHex, 32, 64, random),
    (Token, "a Shopify custom app token", "shpca_", AnyHex, 32, 64, random),
    (Token, "a Shopify private app token", "shppa_", AnyHex, 32, 64, random),
    (Secret, "a Shopify shared secret", "shpss_", AnyHex, 32, 64, random),
    (Token, "a Shippo token", "shippo_live_", AnyHex, 40, 40, random),
    (Token, "a Shippo test token", "shippo_test_", AnyHex, 40, 40, random),
    (Token, "a Duffel token", "duffel_live_", Url, 43, 43, random),
    (Token, "a Duffel test token", "duffel_test_", Url, 43, 43, random),
    (Token, "an EasyPost key", "EZAK", Alnum, 54, 54, mixed),
    (Token, "an EasyPost test key", "EZTK", Alnum, 54, 54, mixed),
    (Secret, "a Flutterwave key", "FLWSECK_TEST-", Url, 12, 34, with_digits),
    (Secret, "a Flutterwave key", "FLWPUBK_TEST-", Url, 32, 34, with_digits),
    (Secret, "a Flutterwave key", "FLWSECK-", Url, 32, 34, with_digits),
    (Token, "a Plaid token", "access-production-", Url, 36, 36, with_digits),
    (Token, "a Plaid token", "access-development-", Url, 36, 36, with_digits),
    (Token, "a Plaid token", "access-sandbox-", Url, 36, 36, with_digits),
    (Token, "a SettleMint token", "sm_aat_", Alnum, 16, 16, random),
    (Token, "a SettleMint token", "sm_pat_", Alnum, 16, 16, random),
    (Token, "a SettleMint token", "sm_sat_", Alnum, 16, 16, random),
    // Work.
    (ApiKey, "a Linear key", "lin_api_", Alnum, 32, 128, random),
    (Token, "a Linear token", "lin_oauth_", Hex, 64, 64, random),
    (Token, "a Notion token", "ntn_", Alnum, 46, 46, mixed),
    (Token, "a Figma token", "figd_", Url, 40, 200, mixed),
    (Token, "an Atlassian token", "ATATT3", Dotted, 100, 300, mixed),
    (Token, "a Bitbucket app password", "ATBB", Alnum, 32, 32, mixed),
    (ApiKey, "a Postman key", "PMAK-", Url, 59, 59, |body| parts(body, b'-', &[24, 34])),
    (Token, "a ReadMe key", "rdme_", Lower, 70, 70, random),
    (Token, "a Typeform token", "tfp_", Dotted, 40, 80, mixed),
    (Token, "a Frame.io token", "fio-u-", Url, 64, 64, random),
    (Token, "an Airtable token", "pat", Dotted, 79, 79, |body| parts(body, b'.', &[14, 64])),
    (Secret, "an Adobe client secret", "p8e-", Lower, 32, 32, with_digits),
    (Secret, "a 42 client secret", "s-s4t2ud-", Hex, 64, 64, random),
    (Secret, "a 42 client secret", "s-s4t2af-", Hex, 64, 64, random),
    (ApiKey, "a Harness key", "pat.", Dotted, 68, 68, |body| parts(body, b'.', &[22, 24, 20])),
    (ApiKey, "a Harness key", "sat.", Dotted, 68, 68, |body| parts(body, b'.', &[22, 24, 20])),
    (Token, "a Facebook page token", "EAAM", Alnum, 100, 300, mixed),
    (Token, "a Facebook page token", "EAAC", Alnum, 100, 300, mixed),
    (Token, "a Dropbox token", "sl.", Url, 130, 1500, mixed),
    (ApiKey, "a Yandex key", "AQVN", Url, 35, 38, mixed),
    (Token, "a JSON web token in base64", "ZXlKaGJHY2lPaU", Base64, 60, 8192, random),
];

/// The access key ids in the documentation of AWS end in EXAMPLE.
fn aws_id(body: &[u8]) -> Belief {
    let digits = body.iter().any(u8::is_ascii_digit);
    if digits { random(body) } else { Belief::None }
}

/// The id of the app, and a JSON web token.
fn app_token(body: &[u8]) -> Belief {
    let mut parts = body.splitn(2, |byte| *byte == b'_');
    let (Some(id), Some(token)) = (parts.next(), parts.next()) else {
        return Belief::None;
    };
    let is_id = !id.is_empty() && id.iter().all(u8::is_ascii_digit);
    if is_id && token.iter().filter(|byte| **byte == b'.').count() == 2 {
        random(token)
    } else {
        Belief::None
    }
}

/// 32 hexadecimal digits, and for some a number.
fn databricks(body: &[u8]) -> Belief {
    match body.split_at_checked(32) {
        Some((hex, [] | [b'-', b'0'..=b'9'])) if hex.iter().all(u8::is_ascii_hexdigit) => random(hex),
        _ => Belief::None,
    }
}

/// `XXXXXX-XXXXXX-XXXXX-XXXXX-XXXXX-XXXXX`, with the second and third part as one in older keys.
fn one_password(body: &[u8]) -> Belief {
    let plain = body.iter().all(|byte| Upper.has(*byte) || *byte == b'-');
    let lengths: Vec<usize> = body.split(|byte| *byte == b'-').map(<[u8]>::len).collect();
    if plain
        && matches!(
            lengths.as_slice(),
            [6, 11, 5, 5, 5] | [6, 6, 5, 5, 5, 5] | [6, 6, 5, 5, 5]
        )
    {
        with_digits(body)
    } else {
        Belief::None
    }
}

/// What every key of theirs has in the middle: `OpenAI` in base64.
fn openai(body: &[u8]) -> Belief {
    if memchr::memmem::find(body, b"T3BlbkFJ").is_some() {
        random(body)
    } else {
        Belief::None
    }
}

/// Capital and small letters; digits are rare.
fn mixed_case(body: &[u8]) -> Belief {
    let upper = body.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let lower = body.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    if upper >= 4 && lower >= 4 {
        random(body)
    } else {
        Belief::None
    }
}

/// Numbers of workspace and app come first, then what is secret.
fn slack(body: &[u8]) -> Belief {
    let Some(last) = body.rsplit(|byte| *byte == b'-').next() else {
        return Belief::None;
    };
    let digits = body.iter().filter(|byte| byte.is_ascii_digit()).count();
    if last.len() >= 10 && digits >= 3 {
        random(last)
    } else {
        Belief::None
    }
}
