use super::*;

#[test]
fn what_is_written_is_read_again_and_replaced_as_a_whole() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("state");
    let folder = StateFolder::open(&path).unwrap();
    assert_eq!(folder.read().unwrap(), None);
    folder.write(b"first, and longer").unwrap();
    folder.write(b"second").unwrap();
    let again = StateFolder::open(&path).unwrap();
    assert_eq!(again.read().unwrap().unwrap(), b"second");
    assert!(!path.join(NEW).exists());
}

#[test]
fn a_write_that_was_cut_off_leaves_the_file_before_it() {
    let parent = tempfile::tempdir().unwrap();
    let folder = StateFolder::open(parent.path()).unwrap();
    folder.write(b"good").unwrap();
    File::create(parent.path().join(NEW)).unwrap().write_all(b"cut o").unwrap();
    let again = StateFolder::open(parent.path()).unwrap();
    assert_eq!(again.read().unwrap().unwrap(), b"good");
}

#[test]
fn a_corrupt_file_is_set_aside_and_can_be_looked_at() {
    let parent = tempfile::tempdir().unwrap();
    let folder = StateFolder::open(parent.path()).unwrap();
    folder.write(b"corrupt").unwrap();
    let aside = folder.set_aside().unwrap();
    assert_eq!(folder.read().unwrap(), None);
    let mut kept = Vec::new();
    File::open(&aside).unwrap().read_to_end(&mut kept).unwrap();
    assert_eq!(kept, b"corrupt");
}

#[test]
fn a_path_that_is_no_folder_is_an_error_that_names_it() {
    let parent = tempfile::tempdir().unwrap();
    for path in [parent.path().join("a/b"), parent.path().join("file")] {
        File::create(parent.path().join("file")).unwrap();
        let error = StateFolder::open(&path).unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
}
