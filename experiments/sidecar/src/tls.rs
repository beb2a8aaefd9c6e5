//! Certificates for the engine's socket, good and bad ones.
//!
//! Keys are written to the lab's own `/etc`, which goes with the lab. (Where the program and the lab's
//! monitor are killed at once, the next lab takes it away.)

use std::path::Path;

use jiff::{Span, Zoned};
use lab::Level;
use miette::{IntoDiagnostic, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use serde_json::{Value, json};

/// How long what is made today is good.
const DAYS: i32 = 90;

/// Where a client's files are at level 0, a folder each.
pub(crate) const FOLDER: &str = "/etc/matryoshka-tls";

/// What a holder of a certificate has, as Docker's client and daemon name the files
/// (docs.docker.com, "Protect the Docker daemon socket").
pub(crate) struct Bundle {
    authority: String,
    certificate: String,
    key: String,
}

/// Two ends that know each other, and those that must not get in.
pub(crate) struct Certificates {
    pub(crate) server: Bundle,
    pub(crate) client: Bundle,
    /// Of another authority, which the server does not know.
    pub(crate) foreign: Bundle,
    /// Of the right one, good until yesterday.
    pub(crate) expired: Bundle,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

impl Certificates {
    pub(crate) fn make() -> Result<Self> {
        let (ours, theirs) = (authority()?, authority()?);
        let server = [ExtendedKeyUsagePurpose::ServerAuth];
        let client = [ExtendedKeyUsagePurpose::ClientAuth];
        let now = (0, DAYS);
        Ok(Self {
            server: ours_to(&ours, "engine", &server, now, &ours)?,
            client: ours_to(&ours, "agent", &client, now, &ours)?,
            // It knows whom it speaks to; that one does not know it.
            foreign: ours_to(&theirs, "agent", &client, now, &ours)?,
            expired: ours_to(&ours, "agent", &client, (-DAYS, -1), &ours)?,
        })
    }

    /// The two secrets that `k8s/sidecar.yaml` names, as manifests.
    pub(crate) fn secrets(&self) -> String {
        let secret = |name: &str, bundle: &Bundle| -> Value {
            json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": { "name": name },
                "stringData": {
                    "ca.pem": bundle.authority,
                    "cert.pem": bundle.certificate,
                    "key.pem": bundle.key,
                },
            })
        };
        let server = secret("docker-server-tls", &self.server);
        let client = secret("docker-client-tls", &self.client);
        // With its mark first: JSON would be taken for one document.
        format!("---\n{server}\n---\n{client}\n")
    }
}

fn authority() -> Result<Authority> {
    let mut params = params("Matryoshka's own authority", (0, DAYS))?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().into_diagnostic()?;
    CertifiedIssuer::self_signed(params, key).into_diagnostic()
}

/// A certificate of `issuer`, good between these days from today on, for a holder who trusts
/// `trusted`.
fn ours_to(
    issuer: &Authority,
    name: &str,
    purposes: &[ExtendedKeyUsagePurpose],
    days: (i32, i32),
    trusted: &Authority,
) -> Result<Bundle> {
    let mut params = params(name, days)?;
    params.extended_key_usages = purposes.to_vec();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate().into_diagnostic()?;
    let certificate = params.signed_by(&key, issuer).into_diagnostic()?;
    Ok(Bundle {
        authority: trusted.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

/// The server's names are those of a pod's own loopback device; on a client's they mean nothing.
fn params(name: &str, (from, until): (i32, i32)) -> Result<CertificateParams> {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut params = CertificateParams::new(names).into_diagnostic()?;
    params.distinguished_name.push(DnType::CommonName, name);
    let today = Zoned::now().date();
    let day = |days: i32| -> Result<_> {
        let day = today.checked_add(Span::new().days(days)).into_diagnostic()?;
        let (month, of_month) = (day.month().unsigned_abs(), day.day().unsigned_abs());
        Ok(date_time_ymd(i32::from(day.year()), month, of_month))
    };
    // A day earlier: clocks differ, and "today" has begun somewhere else.
    (params.not_before, params.not_after) = (day(from - 1)?, day(until)?);
    Ok(params)
}

impl Bundle {
    /// Writes it to level 0, for its root alone.
    pub(crate) fn write(&self, node: &Level, name: &str) -> Result<()> {
        let folder = Path::new(FOLDER).join(name);
        let files =
            [("ca.pem", &self.authority), ("cert.pem", &self.certificate), ("key.pem", &self.key)];
        for (file, content) in files {
            write_private(node, &folder.join(file), content)?;
        }
        Ok(())
    }
}

/// Writes a file below level 0's `/etc` that only its root reads. No command line has its content.
pub(crate) fn write_private(node: &Level, path: &Path, content: &str) -> Result<()> {
    let root = node.root().into_diagnostic()?;
    let written = root.write(path, content.as_bytes(), 0o600);
    written.into_diagnostic()
}
