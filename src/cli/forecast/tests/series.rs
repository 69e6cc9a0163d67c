use jiff::SignedDuration;

use super::Series;

fn read(text: &str) -> Result<Series, String> {
    Series::read("f.csv", text.as_bytes(), None)
}

#[test]
fn times_are_read_in_every_common_form_and_put_in_order() {
    let forms = [
        "date,messages\n2026-01-31 18:05:00,2\n2026-01-31 18:00:00,1\n",
        "2026-01-31T18:00:00Z,1\n2026-01-31T19:05:00+01:00,2\n",
        "\"time\",\"value\"\n\"1769882400\",\"1\"\n\"1769882700.5\",\"2.0\"\n",
        "t;v is no header of two columns\n1769882400 , 1\n1769882700 , 2\n",
    ];
    for form in forms {
        let series = read(form).unwrap();
        assert_eq!((series.step, &*series.samples), (300, &[(5_899_608, 1.0), (5_899_609, 2.0)][..]), "{form}");
    }
}

#[test]
fn a_step_without_a_value_is_missing_and_the_last_row_of_a_step_counts() {
    let series = read("0,1\n60,2\n120,\n180,NaN\n240,5\n250,6\n300,7\n360,8\n").unwrap();
    assert_eq!(series.samples, [(0, 1.0), (1, 2.0), (4, 6.0), (5, 7.0), (6, 8.0)]);
    assert_eq!((series.step, series.missing(), series.replaced), (60, 2, 1));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let problems = [
        ("", "f.csv: two rows with different times are needed"),
        ("time,value\n", "f.csv: two rows with different times are needed"),
        ("1,1\n1,2\n", "f.csv: two rows with different times are needed"),
        ("0,1\nyesterday,2\n", "f.csv:2: `yesterday` is no time"),
        ("time,value\n0,1\n60,many\n", "f.csv:3: `many` is no value"),
        ("0,1\n60,-2\n", "f.csv:2: `-2` is no value"),
        ("0,1\n60,inf\n", "f.csv:2: `inf` is no value"),
        ("99999999999999999999,1\n60,2\n", "f.csv:1: `99999999999999999999` is no time"),
    ];
    for (text, expected) in problems {
        let problem = read(text).unwrap_err();
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn a_season_has_a_whole_number_of_steps() {
    let series = read("0,1\n300,2\n").unwrap();
    assert_eq!(series.calendar(SignedDuration::from_hours(24)).unwrap().slots(), 288);
    assert_eq!(series.calendar(SignedDuration::from_mins(10)).unwrap().slots(), 2);
    let problem = series.calendar(SignedDuration::from_mins(7)).unwrap_err();
    assert_eq!(problem, "--season 7m: not a multiple of the step, which is 5m");
}
