use super::History;

#[test]
fn the_last_samples_are_kept() {
    let mut history: History<f64> = History::new(4, 10);
    for step in 10..16 {
        assert_eq!(history.end(), step);
        history.push(f64::from(i32::try_from(step).unwrap()), step % 2 == 0);
    }
    let kept: Vec<(i64, f64)> = (8..18).filter_map(|step| Some((step, history.get(step)?))).collect();
    assert_eq!(kept, [(12, 12.0), (13, 13.0), (14, 14.0), (15, 15.0)]);
    let observed: Vec<i64> = (8..18).filter(|step| history.is_observed(*step)).collect();
    assert_eq!(observed, [12, 14]);
    history.replace_last(18.0);
    assert_eq!([12, 13, 15].map(|step| history.smooth(step)), [Some(12.5), Some(13.0), Some(16.0)]);
    assert_eq!((history.smooth(16), history.last(), history.age()), (None, 15, 6));
}
