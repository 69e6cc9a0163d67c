//! Values by key, shared by snapshots.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Values by key. Snapshots share them in shards: a change copies one shard, and the list of shards.
#[derive(Clone, Debug)]
pub(super) struct Shards<K, V> {
    shards: Vec<Arc<Shard<K, V>>>,
    hasher: ahash::RandomState,
}

type Shard<K, V> = HashMap<K, V, ahash::RandomState>;

/// The number of shards: the list of shards and each shard are short for the largest clusters.
const SHARDS: u64 = 64;

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        let empty = Arc::new(Shard::default());
        Self { shards: (0..SHARDS).map(|_| Arc::clone(&empty)).collect(), hasher: ahash::RandomState::default() }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Shards<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.shards.get(self.shard_of(key))?.get(key)
    }

    /// In no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| &**shard)
    }

    /// The shard of a key, for changes.
    pub(super) fn shard(&mut self, key: &K) -> Option<&mut Shard<K, V>> {
        let at = self.shard_of(key);
        self.shards.get_mut(at).map(Arc::make_mut)
    }

    /// Removes the value of a key.
    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.get(key)?;
        self.shard(key)?.remove(key)
    }

    fn shard_of(&self, key: &K) -> usize {
        usize::try_from(self.hasher.hash_one(key) % SHARDS).unwrap_or_default()
    }
}
