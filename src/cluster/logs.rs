//! What containers wrote.

use super::client::Cluster;
use super::discovery::encode;
use super::error::{ClusterError, ErrorKind};
use super::exec::Place;
use super::request::{Ask, Call};

/// The most bytes of a log that are asked for.
const MOST: usize = 1 << 16;

/// How the kubelet says that it has removed the container: in place of the log, with status 200.
const REMOVED: &str = "unable to retrieve container logs for ";

impl Cluster {
    /// The last lines of a container's log; of the container's instance before the present one with `previous`. Bytes that aren't
    /// text are replaced. May hold anything that the program wrote, secrets too: mask it before it is shown.
    ///
    /// # Errors
    /// The log can't be read: no right, no such instance, a node that doesn't answer; `NotFound` where the instance has been removed.
    pub async fn pod_log(&self, place: Place<'_>, tail_lines: usize, previous: bool) -> Result<String, ClusterError> {
        let Place { namespace, pod, container } = place;
        let doing = format!("read the log of container `{container}` of pod `{pod}` in namespace {namespace}");
        let path = format!(
            "/api/v1/namespaces/{namespace}/pods/{}/log?container={}&tailLines={tail_lines}&limitBytes={MOST}&previous={previous}",
            encode(pod),
            encode(container),
        );
        let answer = self.ask(Call::Pod, &doing, &Ask::get(path).accept("*/*")).await?;
        let text = String::from_utf8_lossy(answer.bytes()).into_owned();
        if removed(&text) {
            return Err(ClusterError::new(ErrorKind::NotFound, doing, "the node has removed that container already"));
        }
        Ok(text)
    }
}

/// Whether this isn't a log but the kubelet's word that there is none. A program that ends with the same words has written a line end.
fn removed(text: &str) -> bool {
    text.strip_prefix(REMOVED).is_some_and(|id| !id.is_empty() && !id.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::removed;

    #[test]
    fn the_kubelets_word_is_no_log() {
        assert!(removed("unable to retrieve container logs for containerd://063f5a5e1c06"));
        for log in
            ["", "started\n", "unable to retrieve container logs for ", "unable to retrieve container logs for web\nstarted\n"]
        {
            assert!(!removed(log), "{log:?}");
        }
    }
}
