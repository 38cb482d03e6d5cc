use super::*;
use crate::plan::testing::{plan, step};
use crate::plan::{Operation, Refusal};

fn messages(refusals: &[Refusal]) -> Vec<String> {
    let one = |refusal: &Refusal| {
        let id = refusal.id.as_ref().map_or_else(String::new, |id| format!("{id}: "));
        format!("{id}{}", refusal.message)
    };
    refusals.iter().map(one).collect()
}

#[test]
fn what_is_written_is_read_back_and_holds() {
    let plan = plan(vec![step(Operation::Create, "ConfigMap", "a"), step(Operation::Update, "Secret", "b")]);
    let file = read(&write(&plan)).unwrap();
    assert_eq!(file.steps.len(), 2);
    assert_eq!(messages(&check(&file, &plan)), Vec::<String>::new());
}

#[test]
fn an_edited_cut_or_foreign_file_is_refused() {
    let text = write(&plan(vec![step(Operation::Prune, "ConfigMap", "a")]));
    assert_eq!(read(&text.replace("\"prune\"", "\"create\"")), Err(BadPlan::Edited));
    assert_eq!(read(&text.replace("plan/v1", "plan/v2")), Err(BadPlan::Schema("plimsoll.dev/plan/v2".to_owned())));
    assert!(matches!(read(&text[..text.len() / 2]), Err(BadPlan::Form(_))));
    assert!(matches!(read(&text.replace("\"steps\"", "\"stages\"")), Err(BadPlan::Form(_))));
    assert!(matches!(read("[]"), Err(BadPlan::Form(_))));
    assert_eq!(read(&text.replace('\n', "\r\n")).map(|file| file.steps.len()), Ok(1));
}

#[test]
fn what_moved_is_named() {
    let file = |plan: &Plan| read(&write(plan)).unwrap();
    let planned = plan(vec![step(Operation::Create, "ConfigMap", "a"), step(Operation::Update, "ConfigMap", "b")]);
    let file = file(&planned);
    let mut now = plan(vec![step(Operation::Update, "ConfigMap", "a"), step(Operation::Update, "ConfigMap", "b")]);
    now.steps[1].seen.as_mut().unwrap().uid = "another".to_owned();
    now.steps.push(step(Operation::Prune, "ConfigMap", "c"));
    assert_eq!(
        messages(&check(&file, &now)),
        [
            "ConfigMap/a: it was to be created, and now it is there and would be changed",
            "ConfigMap/b: it was deleted and made anew",
            "ConfigMap/c: it wasn't to change, and now it would be pruned",
        ]
    );
    let mut now = plan(vec![step(Operation::Create, "ConfigMap", "a"), step(Operation::Update, "ConfigMap", "b")]);
    now.steps[1].seen.as_mut().unwrap().resource_version = "999".to_owned();
    assert_eq!(messages(&check(&file, &now)), Vec::<String>::new(), "a status write");
    now.steps[1].seen.as_mut().unwrap().digest = Some("other".to_owned());
    now.steps.remove(0);
    assert_eq!(
        messages(&check(&file, &now)),
        ["ConfigMap/a: it was to be created, and isn't any more", "ConfigMap/b: it has changed"]
    );
    now.compiled = "other".to_owned();
    now.cluster.id = None;
    let said = messages(&check(&file, &now));
    assert!(
        said.len() == 2 && said[0].contains("the cluster `id`") && said[1].contains("compiles to something else"),
        "{said:?}"
    );
}
