//! Being told to stop.

use tokio::sync::watch;

/// Whether somebody asked to stop. What is in flight is finished; nothing new is begun. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Receiver<bool>);

/// Whoever may ask to stop.
#[derive(Debug)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// Asks to stop.
    pub fn now(&self) {
        self.0.send_replace(true);
    }
}

impl Interrupt {
    /// An interrupt and the means to set it off.
    pub fn new() -> (Stop, Self) {
        let (sender, receiver) = watch::channel(false);
        (Stop(sender), Self(receiver))
    }

    /// One that never comes.
    pub fn never() -> Self {
        Self::new().1
    }

    /// Whether to stop.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when somebody asks to stop; never, if nobody can any more.
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// What a future gives, or `None` if somebody asks to stop before it has ended. Only for what may be left off half-way: a read,
    /// a pause, a watch.
    pub async fn or<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.wait() => None,
            done = future => Some(done),
        }
    }
}
