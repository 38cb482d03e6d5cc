//! What containers wrote.

use super::client::Cluster;
use super::discovery::encode;
use super::error::ClusterError;
use super::exec::Place;
use super::request::{Ask, Call};

/// The most bytes of a log that are asked for.
const MOST: usize = 1 << 16;

impl Cluster {
    /// The last lines of a container's log; of the container's instance before the present one with `previous`. Bytes that aren't
    /// text are replaced. May hold anything that the program wrote, secrets too: mask it before it is shown.
    ///
    /// # Errors
    /// The log can't be read: no right, no such instance, a node that doesn't answer.
    pub async fn pod_log(&self, place: Place<'_>, tail_lines: usize, previous: bool) -> Result<String, ClusterError> {
        let Place { namespace, pod, container } = place;
        let doing = format!("read the log of container `{container}` of pod `{pod}` in namespace {namespace}");
        let path = format!(
            "/api/v1/namespaces/{namespace}/pods/{}/log?container={}&tailLines={tail_lines}&limitBytes={MOST}&previous={previous}",
            encode(pod),
            encode(container),
        );
        let answer = self.ask(Call::Pod, &doing, &Ask::get(path).accept("*/*")).await?;
        Ok(String::from_utf8_lossy(answer.bytes()).into_owned())
    }
}
