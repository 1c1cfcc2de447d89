//! Folders, and what is not to be had.

use std::os::unix::fs::symlink;

use crate::common::Site;

#[tokio::test]
async fn a_folder_is_answered_with_its_index_under_its_own_name() {
    let site = Site::start().await;
    site.write("docs/index.html", "index");
    assert_eq!(site.get("/docs/", &[]).await.body, b"index");
    let moved = site.get("/docs?a=/b", &[]).await;
    assert_eq!((moved.status, moved.field("Location")), (301, Some("/docs/?a=/b")));
    let moved = site.get("//docs", &[]).await;
    assert_eq!(moved.field("Location"), Some("/docs/"), "no other host is named");
    assert_eq!(site.get("/docs/index.html/", &[]).await.status, 404);
}

#[tokio::test]
async fn a_folder_without_an_index_is_listed_only_if_asked_for() {
    let site = Site::start().await;
    site.write("docs/a file.txt", "12345");
    assert_eq!(site.get("/docs/", &[]).await.status, 403);

    let site = Site::with(|settings| settings.listing = true).await;
    site.write("docs/a file.txt", "12345");
    let page = site.get("/docs/", &[]).await;
    assert_eq!((page.status, page.field("Content-Type")), (200, Some("text/html; charset=utf-8")));
    assert!(String::from_utf8(page.body).unwrap().contains("href=\"./a%20file.txt\""));
    assert_eq!(site.get("/docs/a%20file.txt", &[]).await.body, b"12345");
}

#[tokio::test]
async fn nothing_outside_the_root_is_served() {
    let site = Site::start().await;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    site.write("file", "file");
    symlink(outside.path(), site.folder.path().join("out")).unwrap();
    symlink(outside.path().join("secret"), site.folder.path().join("secret")).unwrap();
    symlink("file", site.folder.path().join("within")).unwrap();
    assert_eq!(site.get("/within", &[]).await.body, b"file");
    let name = outside.path().file_name().unwrap().to_str().unwrap();
    for target in [
        "/secret",
        "/out/secret",
        "/out/",
        &format!("/../{name}/secret"),
        &format!("/%2e%2e%2f{name}%2fsecret"),
    ] {
        let response = site.get(target, &[]).await;
        assert!(matches!(response.status, 400 | 404), "{target}: {}", response.status);
    }
}
