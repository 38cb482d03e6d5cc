//! Commands in containers, over a websocket.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

use super::classify;
use super::client::Cluster;
use super::error::{ClusterError, ErrorKind};
use super::request::Call;

/// How much of a command's messages is kept.
const MESSAGES: usize = 4096;
/// What is read at once; also the size of the pipe behind the websocket.
const CHUNK: usize = 1 << 16;

/// Which container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The pod.
    pub pod: &'a str,
    /// The container.
    pub container: &'a str,
}

/// What a command in a container did.
pub struct Executed {
    /// What it wrote to its standard output. Wiped when dropped.
    pub out: Zeroizing<Vec<u8>>,
    /// What it wrote to its standard error, as far as it is kept.
    pub err: String,
    /// How it ended.
    pub end: End,
}

impl std::fmt::Debug for Executed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Executed({:?})", self.end)
    }
}

/// How a command in a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With this exit code.
    Exited(i32),
    /// It never began: the image doesn't have the program.
    NoProgram,
    /// It never began, or its end isn't known, with the runtime's reason.
    Failed(String),
    /// It was cut off, because it wrote more than the limit.
    TooMuch,
}

impl Cluster {
    /// Runs a command in a container, with no input. The command's words are seen by the API server's audit log: none may be a secret or
    /// made from one.
    ///
    /// # Errors
    /// The command couldn't be brought to the container: no right, no such container, a node that doesn't answer within `time`. How a
    /// command ends that was brought there is no error.
    pub async fn exec(&self, place: Place<'_>, command: &[&str], limit: usize, time: Duration) -> Result<Executed, ClusterError> {
        let Place { namespace, pod, container } = place;
        let program = command.first().copied().unwrap_or_default();
        let doing = format!("run `{program}` in container `{container}` of pod `{pod}` in namespace {namespace}");
        self.count(Call::Pod);
        let run = async {
            let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
            let params = AttachParams {
                container: Some(container.to_owned()),
                stdin: false,
                stdout: true,
                stderr: true,
                max_stdout_buf_size: Some(CHUNK),
                ..AttachParams::default()
            };
            let words = command.iter().copied();
            let process = api.exec(pod, words, &params).await.map_err(|error| failed(&doing, &error))?;
            Ok(collect(process, limit).await)
        };
        let no_end = || ClusterError::new(ErrorKind::Unavailable, &doing, format!("no end in {} seconds", time.as_secs()));
        tokio::time::timeout(time, run).await.unwrap_or_else(|_| Err(no_end()))
    }
}

async fn collect(mut process: AttachedProcess, limit: usize) -> Executed {
    let status = process.take_status();
    let (out, err) = (process.stdout(), process.stderr());
    let (out, err) = tokio::join!(read(out, limit), read(err, MESSAGES));
    let messages = String::from_utf8_lossy(&err.0).trim().to_owned();
    let end = if out.1 {
        End::TooMuch
    } else {
        match status {
            Some(status) => {
                status.await.map_or_else(|| End::Failed("the connection broke off".to_owned()), |status| end(&status))
            }
            None => End::Failed("the connection has no status".to_owned()),
        }
    };
    Executed { out: out.0, err: messages, end }
}

/// Everything up to the limit, and whether there is more. A buffer that grows leaves no copy behind.
async fn read(stream: Option<impl AsyncRead + Unpin>, limit: usize) -> (Zeroizing<Vec<u8>>, bool) {
    let mut kept = Zeroizing::new(Vec::with_capacity(CHUNK));
    let mut chunk = Zeroizing::new(vec![0; CHUNK]);
    let Some(mut stream) = stream else { return (kept, false) };
    loop {
        let count = match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return (kept, false),
            Ok(count) => count,
        };
        if kept.len() + count > limit {
            return (kept, true);
        }
        if kept.len() + count > kept.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity((kept.len() + count) * 2));
            larger.extend_from_slice(&kept);
            kept = larger;
        }
        kept.extend_from_slice(chunk.get(..count).unwrap_or_default());
    }
}

/// The status that closes the stream: `Success`, or `Failure` with an exit code among its causes, or with the runtime's reason.
fn end(status: &Status) -> End {
    if status.status.as_deref() == Some("Success") {
        return End::Exited(0);
    }
    let causes = status.details.as_ref().and_then(|details| details.causes.as_deref()).unwrap_or_default();
    let code = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
    if let Some(code) = code.and_then(|cause| cause.message.as_deref()?.parse().ok()) {
        return End::Exited(code);
    }
    let message = status.message.clone().unwrap_or_default();
    let is_missing = ["executable file not found", "no such file or directory", "is a directory", "permission denied"]
        .iter()
        .any(|sign| message.contains(sign));
    if is_missing { End::NoProgram } else { End::Failed(message) }
}

fn failed(doing: &str, error: &kube::Error) -> ClusterError {
    match error {
        kube::Error::Api(status) => {
            let body = json!({ "kind": "Status", "message": status.message, "reason": status.reason }).to_string();
            let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            classify::status(Call::Pod, doing, code, &HeaderMap::new(), body.as_bytes()).error
        }
        error => classify::connection(Call::Pod, doing, "the cluster", error).error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(value: serde_json::Value) -> End {
        end(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn ends() {
        assert_eq!(ended(json!({ "status": "Success" })), End::Exited(0));
        let causes = json!([{ "reason": "ExitCode", "message": "127" }]);
        assert_eq!(
            ended(json!({ "status": "Failure", "reason": "NonZeroExitCode", "details": { "causes": causes } })),
            End::Exited(127)
        );
        let message = "error executing command in container: failed to exec in container: failed to start exec \"1\": OCI runtime exec \
            failed: exec failed: unable to start container process: exec: \"sh\": executable file not found in $PATH";
        assert_eq!(ended(json!({ "status": "Failure", "reason": "InternalError", "message": message })), End::NoProgram);
        assert_eq!(
            ended(json!({ "status": "Failure", "message": "container is gone" })),
            End::Failed("container is gone".to_owned())
        );
    }

    #[test]
    fn a_stream_is_read_to_its_limit() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = vec![7_u8; 300_000];
        let (whole, more) = runtime.block_on(read(Some(bytes.as_slice()), 300_000));
        assert!(!more && *whole == bytes);
        assert!(runtime.block_on(read(Some(bytes.as_slice()), 299_999)).1);
    }
}
