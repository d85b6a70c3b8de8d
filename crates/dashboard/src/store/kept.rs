//! Drafts, settings, results and sessions.

use super::db::Row;
use super::error::{Error, Result, Short};
use super::handle::Store;
use super::text::{self, Key};
use super::types::Draft;
use serde_json::Value;
use std::sync::Arc;
use std::time::SystemTime;

impl Store {
    /// A draft; an empty one of version 0 if there is none.
    ///
    /// # Errors
    /// [`Error::Damaged`] and errors of the database.
    pub async fn draft(&self, name: &str) -> Result<Draft> {
        let key = text::of(name);
        let found = self
            .glance(move |db| {
                Box::pin(async move {
                    let row = db.first("SELECT version, content FROM drafts WHERE key = $1", &[(&key).into()]).await?;
                    row.map(|row| Ok((row.int(0)?, row.text(1)?))).transpose()
                })
            })
            .await?;
        let Some((version, groups)) = found else { return Ok(Draft::default()) };
        Ok(Draft { version, groups: text::value(&groups, || format!("draft `{}`", Short(name)))? })
    }

    /// Keeps a draft, if `draft.version` is the version that is stored; gives it with its new version.
    ///
    /// # Errors
    /// [`Error::Conflict`] if somebody else changed it, [`Error::Nul`] and errors of the database.
    pub async fn put_draft(&self, name: &str, draft: Draft) -> Result<Draft> {
        let row: Arc<(Key, String, String)> =
            Arc::new((text::key("draft", name)?, name.to_owned(), text::json(&draft.groups)?));
        let given = draft.version;
        let version = self
            .change(move |tx| {
                let row = row.clone();
                Box::pin(async move {
                    let (key, name, groups) = &*row;
                    let found = tx.db.first("SELECT version FROM drafts WHERE key = $1", &[key.into()]).await?;
                    let current = found.map_or(Ok(0), |row| row.int(0))?;
                    if current != given {
                        return Err(Error::Conflict { name: name.clone(), given, current });
                    }
                    let sql = "INSERT INTO drafts (key, version, content) VALUES ($1, $2, $3)
                        ON CONFLICT (key) DO UPDATE SET version = excluded.version, content = excluded.content";
                    tx.db.execute(sql, &[key.into(), (current + 1).into(), groups.as_str().into()]).await?;
                    tx.project.versions.settings += 1;
                    Ok(current + 1)
                })
            })
            .await?;
        Ok(Draft { version, ..draft })
    }

    /// A setting, if it was made.
    ///
    /// # Errors
    /// [`Error::Damaged`] and errors of the database.
    pub async fn setting(&self, key: &str) -> Result<Option<Value>> {
        self.named("SELECT name, value FROM settings WHERE key = $1", "setting", key).await
    }

    /// Makes a setting.
    ///
    /// # Errors
    /// [`Error::Nul`] and errors of the database.
    pub async fn put_setting(&self, key: &str, value: Value) -> Result<()> {
        let row = Arc::new((text::key("setting", key)?, key.to_owned(), text::json(&value)?));
        self.change(move |tx| {
            let row = row.clone();
            Box::pin(async move {
                let sql = "INSERT INTO settings (key, name, value) VALUES ($1, $2, $3)
                    ON CONFLICT (key) DO UPDATE SET value = excluded.value";
                let (key, name, value) = &*row;
                tx.db.execute(sql, &[key.into(), name.as_str().into(), value.as_str().into()]).await?;
                tx.project.versions.settings += 1;
                Ok(())
            })
        })
        .await
    }

    /// A result of models of annotators, if there is one.
    ///
    /// # Errors
    /// [`Error::Damaged`] and errors of the database.
    pub async fn result(&self, key: &str) -> Result<Option<Value>> {
        self.named("SELECT name, value FROM results WHERE key = $1", "result", key).await
    }

    /// All results of models of annotators, by key.
    ///
    /// # Errors
    /// As [`Store::result`].
    pub async fn results(&self) -> Result<Vec<(String, Value)>> {
        let mut all: Vec<(String, Value)> = self
            .glance(|db| {
                Box::pin(async move {
                    let rows = db.all("SELECT name, value FROM results", &[]).await?;
                    rows.iter().map(|row| named(row, "result")).collect()
                })
            })
            .await?;
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(all)
    }

    /// The version of the annotations that the results were made from; 0 if there are none.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn results_version(&self) -> Result<i64> {
        self.glance(|db| Box::pin(async move { db.number("SELECT results_of FROM project", &[]).await })).await
    }

    /// Replaces all results of models of annotators by those made from `annotations_version` of the annotations; gives
    /// whether it did. Results of newer annotations, which somebody else made meanwhile, stay.
    ///
    /// # Errors
    /// [`Error::Nul`] and errors of the database.
    pub async fn put_results(&self, results: Vec<(String, Value)>, annotations_version: i64) -> Result<bool> {
        let mut rows = Vec::with_capacity(results.len());
        for (name, value) in results {
            rows.push((text::key("result", &name)?, name, text::json(&value)?));
        }
        let rows = Arc::new(rows);
        self.change(move |tx| {
            let rows = rows.clone();
            Box::pin(async move {
                if annotations_version < tx.project.results_of {
                    return Ok(false);
                }
                tx.db.execute("DELETE FROM results", &[]).await?;
                for (key, name, value) in &*rows {
                    let sql = "INSERT INTO results (key, name, value) VALUES ($1, $2, $3)
                        ON CONFLICT (key) DO UPDATE SET value = excluded.value";
                    tx.db.execute(sql, &[key.into(), name.as_str().into(), value.as_str().into()]).await?;
                }
                tx.project.results_of = annotations_version;
                tx.project.versions.models += 1;
                Ok(true)
            })
        })
        .await
    }

    /// Opens a session until a time. Only the hash of its token is kept.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn add_session(&self, hash: &[u8; 32], until: SystemTime) -> Result<()> {
        let (hash, until) = (*hash, text::millis(until));
        self.change(move |tx| {
            Box::pin(async move {
                let sql = "INSERT INTO sessions (hash, until) VALUES ($1, $2)
                    ON CONFLICT (hash) DO UPDATE SET until = excluded.until";
                tx.db.execute(sql, &[(&hash).into(), until.into()]).await.map(drop)
            })
        })
        .await
    }

    /// Whether there is a session whose time is not up.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn session(&self, hash: &[u8; 32]) -> Result<bool> {
        let (hash, now) = (*hash, self.now());
        self.glance(move |db| {
            Box::pin(async move {
                let sql = "SELECT COUNT(*) FROM sessions WHERE hash = $1 AND until > $2";
                Ok(db.number(sql, &[(&hash).into(), now.into()]).await? > 0)
            })
        })
        .await
    }

    /// Ends a session; gives whether there was one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn end_session(&self, hash: &[u8; 32]) -> Result<bool> {
        let hash = *hash;
        self.change(move |tx| {
            Box::pin(
                async move { Ok(tx.db.execute("DELETE FROM sessions WHERE hash = $1", &[(&hash).into()]).await? > 0) },
            )
        })
        .await
    }

    /// Removes sessions whose time is up, and tells how many.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn prune_sessions(&self) -> Result<u64> {
        self.change(|tx| {
            Box::pin(async move { tx.db.execute("DELETE FROM sessions WHERE until <= $1", &[tx.now.into()]).await })
        })
        .await
    }

    async fn named(&self, sql: &'static str, what: &'static str, name: &str) -> Result<Option<Value>> {
        let key = text::of(name);
        self.glance(move |db| {
            Box::pin(async move {
                let row = db.first(sql, &[(&key).into()]).await?;
                row.map(|row| Ok(named(&row, what)?.1)).transpose()
            })
        })
        .await
    }
}

fn named(row: &Row, what: &str) -> Result<(String, Value)> {
    let name = row.text(0)?;
    let value = text::value(&row.text(1)?, || format!("{what} `{}`", Short(&name)))?;
    Ok((name, value))
}
