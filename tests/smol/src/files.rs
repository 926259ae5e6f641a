//! `smol::fs`.

use std::io::SeekFrom;
use std::path::Path;

use smol::fs::{self, File, OpenOptions};
use smol::io;
use smol::prelude::*;

/// Files made, written, read, moved and removed in a folder that is made for that; what was read.
///
/// # Errors
/// What the system says.
pub async fn in_a_folder(folder: &Path) -> io::Result<String> {
    fs::create_dir_all(folder).await?;
    let (first, second) = (folder.join("first"), folder.join("second"));
    fs::write(&first, "to be read").await?;
    let mut file = OpenOptions::new().read(true).write(true).open(&first).await?;
    file.seek(SeekFrom::Start(6)).await?;
    let mut text = String::new();
    file.read_to_string(&mut text).await?;
    file.set_len(2).await?;
    file.sync_all().await?;
    assert_eq!(file.metadata().await?.len(), 2);
    fs::rename(&first, &second).await?;
    let mut other = File::create(&first).await?;
    other.write_all(b" twice").await?;
    other.flush().await?;
    text.push_str(&fs::read_to_string(&first).await?);
    let mut names = Vec::new();
    let mut entries = fs::read_dir(folder).await?;
    while let Some(entry) = entries.try_next().await? {
        assert!(entry.file_type().await?.is_file());
        names.push(entry.file_name());
    }
    names.sort();
    assert_eq!(names, ["first", "second"]);
    assert_eq!(fs::copy(&second, &first).await?, 2);
    assert_eq!(fs::read(&first).await?, b"to");
    fs::remove_file(&first).await?;
    assert_eq!(fs::metadata(&first).await.map(drop).map_err(|error| error.kind()), Err(io::ErrorKind::NotFound));
    fs::remove_dir_all(folder).await?;
    Ok(text)
}

/// A file, a folder and a link with what only Unix knows of them, in a folder that is there.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub async fn with_permissions(folder: &Path) -> io::Result<()> {
    use smol::fs::unix::{DirBuilderExt, DirEntryExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};

    let (file, inner, link) = (folder.join("file"), folder.join("inner"), folder.join("link"));
    OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(0).open(&file).await?;
    fs::DirBuilder::new().mode(0o700).create(&inner).await?;
    symlink(&file, &link).await?;
    assert_eq!(fs::metadata(&link).await?.permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&inner).await?.permissions().mode() & 0o777, 0o700);
    let mut entries = fs::read_dir(folder).await?;
    while let Some(entry) = entries.try_next().await? {
        assert_eq!(entry.ino(), entry.metadata().await?.ino());
    }
    Ok(())
}
