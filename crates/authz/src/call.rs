//! What the daemon hands over of a client's request (moby `pkg/authorization/api.go`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::json::Json;
use crate::rule::{Refusal, Rule};

/// Most daemons hand over no body of this size or more (`maxBodySize` in moby
/// `pkg/authorization/authz.go`), and do not say so: the call then looks as one without a body.
/// Others do (Debian's 26.1.5), so that this plugin draws the line itself.
pub const HAND_OVER_LIMIT: usize = 1 << 20;

/// A client's request, as far as the daemon shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Who asks: the common name of a TLS certificate, empty on the unix socket.
    pub user: String,
    /// `POST` and the like.
    pub method: String,
    /// Path and query as the client sent them.
    pub uri: String,
    /// Empty also when the daemon did not hand it over.
    pub body: Vec<u8>,
    /// The Content-Type, if there is one. It is not certain: of several headers of that name the
    /// daemon goes by the first and hands over the last.
    pub content_type: Option<String>,
}

impl Call {
    /// Reads the daemon's message.
    pub fn read(message: &[u8]) -> Result<Self, Refusal> {
        let message = Json::read(message).map_err(|refusal| {
            Refusal::new(Rule::Call, format!("the message: {}", refusal.what))
        })?;
        let mut call = Self::default();
        for (key, value) in message.map("the message").map_err(malformed)? {
            // A body of zero length is `""` or null, an absent one not there: all mean "not seen".
            if *value == Json::Null {
                continue;
            }
            let text = || value.text(key).map(ToOwned::to_owned).map_err(malformed);
            match key.as_str() {
                "User" => call.user = text()?,
                "RequestMethod" => call.method = text()?,
                "RequestUri" => call.uri = text()?,
                "RequestBody" => call.body = decoded(&text()?)?,
                "RequestHeaders" => {
                    let headers = value.map(key).map_err(malformed)?;
                    let typed =
                        |(name, _): &&(String, Json)| name.eq_ignore_ascii_case("content-type");
                    if let Some((name, value)) = headers.iter().find(typed) {
                        let text = value.text(name).map_err(malformed)?;
                        call.content_type = Some(text.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(call)
    }
}

fn malformed(refusal: Refusal) -> Refusal {
    Refusal::new(Rule::Call, refusal.what)
}

fn decoded(text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64_STANDARD
        .decode(text)
        .map_err(|e| Refusal::new(Rule::BodyEncoding, format!("the body is not base64: {e}")))
}
