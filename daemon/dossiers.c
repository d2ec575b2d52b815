/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the dossiers of all workloads under one lock, and the two questions
 * asked of them: what is this model to that workload, and why. Fed by decisions
 * and by scripts.c. Owns the table; must not read a file but /proc, nor decide.
 * Called by the gate's threads, the journal's and the main thread.
 */
#include "dossiers.h"

#include <pthread.h>
#include <string.h>
#include <syslog.h>

#include "journal-process.h"
#include "journal.h"
#include "lib/cgroup-path.h"
#include "lib/classify-workload.h"
#include "lib/classify.h"
#include "lib/date.h"
#include "lib/dossier.h"
#include "lib/event.h"
#include "lib/json-util.h"
#include "lib/message-ids.h"
#include "lib/object-columns.h"
#include "lib/util-string.h"
#include "lock.h"

struct Dossiers {
        Inventory *inventory;
        Journal *journal;
        PolicyStore *store;
        pthread_mutex_t lock;
        DossierSet *set;
};

int dossiers_new(Inventory *inventory, PolicyStore *store, Dossiers **ret)
{
        _cleanup_(dossiers_freep) Dossiers *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        d->inventory = inventory;
        d->store = store;
        lock_init(&d->lock);
        r = dossier_set_new(&d->set);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

Dossiers *dossiers_free(Dossiers *d)
{
        if (!d)
                return NULL;
        dossier_set_free(d->set);
        pthread_mutex_destroy(&d->lock);
        free(d);
        return NULL;
}

void dossiers_set_journal(Dossiers *d, Journal *journal)
{
        d->journal = journal;
}

/* -------------------------------------------------------- what was read too early */

/* A model that has risen behind the open that was decided on. */
typedef struct Late {
        int32_t pid;
        char path[256];
        char unit[256];
        ModelcapFinding finding;
} Late;

static const ModelcapFinding *find_risen(const Classification *c)
{
        for (size_t i = 0; i < c->n_modelcaps; i++)
                if (c->modelcaps[i].n_evidence > 0 &&
                    streq(c->modelcaps[i].evidence[0].kind, EVIDENCE_WORKLOAD_CODE))
                        return &c->modelcaps[i];
        return NULL;
}

/* Each is found once. */
static bool next_late(Dossiers *d, uint64_t cgroup_id, const char *cgroup, InventoryRecord *record,
                      Late *ret)
{
        const ModelcapFinding *f;
        Dossier *one;

        LOCK_SCOPE(&d->lock);
        one = dossier_get(d->set, cgroup_id, cgroup);
        for (size_t i = 0; one && i < one->n; i++) {
                DossierItem *item = &one->items[i];

                if (item->kind != DOSSIER_MODEL || item->told ||
                    inventory_get(d->inventory, item->model, record) < 0 || record->declared ||
                    !dossier_raise(one, policy_store_modelcaps(d->store), &record->classification))
                        continue;
                item->told = true;
                f = find_risen(&record->classification);
                if (!f)
                        continue;
                *ret = (Late){ .pid = item->pid, .finding = *f };
                memcpy(ret->path, item->path, sizeof(ret->path));
                (void) cgroup_path_unit(one->cgroup, ret->unit, sizeof(ret->unit));
                return true;
        }
        return false;
}

static void tell_late(Dossiers *d, const Late *l)
{
        const Evidence *e = &l->finding.evidence[0];
        char pid[32], path[300], unit[300], capability[128], evidence[400];
        const char *fields[] = { pid, path, unit, capability, evidence };

        (void) snprintf(pid, sizeof(pid), "OBJECT_PID=%d", l->pid);
        (void) snprintf(path, sizeof(path), "AIGUARD_MODEL_PATH=%s", l->path);
        (void) snprintf(unit, sizeof(unit), "AIGUARD_UNIT=%s", l->unit);
        (void) snprintf(capability, sizeof(capability), "AIGUARD_MODEL_CAPABILITY=%s %s", l->finding.name,
                        certainty_to_string(l->finding.certainty));
        (void) snprintf(evidence, sizeof(evidence), "AIGUARD_MODEL_EVIDENCE=%s: %s: %s", e->kind, e->where,
                        e->detail);
        journal_note(d->journal, MESSAGE_ID_MODEL_RAISED, LOG_WARNING, fields, ARRAY_SIZE(fields),
                     "%s has read the model %s before its code made it %s %s: %s: %s",
                     l->unit[0] ? l->unit : "A workload", l->path, l->finding.name,
                     certainty_to_string(l->finding.certainty), e->where, e->detail);
}

/* A list has come: what of the models that are there already is more now? */
static void look_back(Dossiers *d, uint64_t cgroup_id, const char *cgroup)
{
        _cleanup_free_ InventoryRecord *record = malloc(sizeof(*record));
        _cleanup_free_ Late *late = malloc(sizeof(*late));

        while (record && late && d->journal && next_late(d, cgroup_id, cgroup, record, late))
                tell_late(d, late);
}

/* ------------------------------------------------------------------- feeding */

static bool knows(Dossiers *d, uint64_t cgroup_id)
{
        const Dossier *one;

        LOCK_SCOPE(&d->lock);
        one = dossier_find(d->set, cgroup_id, NULL);
        return one && one->cgroup[0];
}

/*
 * A cgroup that is new may be of a unit that was known before: its path is asked for once. `cgroup`: as it was when
 * the process was there; NULL: it may still be.
 */
static void meet(Dossiers *d, uint64_t cgroup_id, pid_t tgid, uint64_t start_time, const char *cgroup)
{
        _cleanup_(journal_process_freep) JournalProcess *process = NULL;

        if (cgroup_id == 0 || knows(d, cgroup_id))
                return;
        if (!cgroup) {
                process = journal_process_new(tgid, start_time);
                cgroup = process ? process->cgroup : NULL;
        }
        LOCK_SCOPE(&d->lock);
        (void) dossier_get(d->set, cgroup_id, cgroup);
}

static void add(Dossiers *d, uint64_t cgroup_id, const char *cgroup, const DossierItem *item)
{
        Dossier *one;

        LOCK_SCOPE(&d->lock);
        one = dossier_get(d->set, cgroup_id, cgroup);
        if (one)
                dossier_add(one, item);
}

static bool is_told(const struct ag_event *ev)
{
        for (size_t i = 0; i < ev->n_columns && i < AG_OBJECT_COLUMNS; i++)
                if (ev->columns[i] < AG_COL_SUSPECT)
                        return true;
        return false;
}

static bool item_of_event(Dossiers *d, const struct ag_event *ev, DossierItem *ret)
{
        _cleanup_free_ InventoryRecord *record = NULL;

        if (ev->kind == AG_EVENT_SENSOR) {
                dossier_item_init(ret, DOSSIER_SENSOR, ev->path);
                ret->dev = ev->rdev;
                return true;
        }
        record = ev->model ? malloc(sizeof(*record)) : NULL;
        if (!record || inventory_get(d->inventory, ev->model, record) < 0)
                return false;
        dossier_item_init(ret, record->classification.is_text ? DOSSIER_TEXT : DOSSIER_MODEL,
                          ev->path[0] ? ev->path : record->path);
        ret->dev = ev->inode.dev;
        ret->ino = ev->inode.ino;
        ret->model = ev->model;
        ret->told = is_told(ev);
        ret->n_lists = labels_seen(&record->classification, policy_store_modelcaps(d->store), ret->lists,
                                   DOSSIER_LISTS_MAX);
        return true;
}

void dossiers_on_event(Dossiers *d, const struct ag_event *ev)
{
        DossierItem item;

        if (ev->cgroup_id == 0 || !item_of_event(d, ev, &item))
                return;
        item.pid = (int32_t) ev->tgid;
        item.seen_usec = realtime_usec();
        meet(d, ev->cgroup_id, (pid_t) ev->tgid, ev->start_time, NULL);
        add(d, ev->cgroup_id, NULL, &item);
        if (item.n_lists > 0)
                look_back(d, ev->cgroup_id, NULL);
}

void dossiers_add_script(Dossiers *d, const DossierScript *s, const Classification *c)
{
        DossierItem item;

        dossier_item_init(&item, DOSSIER_SCRIPT, s->path);
        item.dev = s->dev;
        item.ino = s->ino;
        item.pid = s->pid;
        item.seen_usec = realtime_usec();
        item.n_lists = labels_seen(c, policy_store_modelcaps(d->store), item.lists, DOSSIER_LISTS_MAX);
        add(d, s->cgroup_id, s->cgroup, &item);
        if (item.n_lists > 0)
                look_back(d, s->cgroup_id, s->cgroup);
}

/* ------------------------------------------------------------------ deciding */

static bool is_suspicion(uint8_t column)
{
        return column >= AG_COL_SUSPECT && column < AG_COL_SUSPECT + AG_MODELCAPS_MAX;
}

bool dossiers_may_raise(const Dossiers *d, const struct ag_object *object)
{
        const ModelcapSet *set = policy_store_modelcaps(d->store);

        for (size_t i = 0; i < object->n_columns && i < AG_OBJECT_COLUMNS; i++)
                if (is_suspicion(object->columns[i]) &&
                    modelcap_may_rise(set, object->columns[i] - (size_t) AG_COL_SUSPECT))
                        return true;
        return false;
}

bool dossiers_raise_shown(Dossiers *d, uint64_t cgroup_id, Classification *c)
{
        const Dossier *one;

        LOCK_SCOPE(&d->lock);
        one = dossier_find(d->set, cgroup_id, NULL);
        return one && dossier_raise(one, policy_store_modelcaps(d->store), c);
}

bool dossiers_raise(Dossiers *d, const struct ag_gated *who, const char *cgroup, struct ag_object *object)
{
        _cleanup_free_ InventoryRecord *record = NULL;

        if (!dossiers_may_raise(d, object) || object->model == 0)
                return false;
        meet(d, who->cgroup_id, (pid_t) who->tgid, who->start_time, cgroup);
        record = malloc(sizeof(*record));
        if (!record || inventory_get(d->inventory, object->model, record) < 0 || record->declared ||
            !dossiers_raise_shown(d, who->cgroup_id, &record->classification))
                return false;
        object_from_classification(&record->classification, policy_store_modelcaps(d->store), false, object);
        return true;
}

/* -------------------------------------------------------------------- showing */

static json_t *lists_to_json(const DossierItem *item)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < item->n_lists; i++)
                (void) json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "model_capability",
                                                             json_text(item->lists[i].modelcap), "where",
                                                             json_text(item->lists[i].where), "labels",
                                                             json_text(item->lists[i].detail)));
        return list;
}

static json_t *evidence_to_json(const ModelcapFinding *f)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < f->n_evidence; i++)
                (void) json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "kind",
                                                             json_text(f->evidence[i].kind), "where",
                                                             json_text(f->evidence[i].where), "detail",
                                                             json_text(f->evidence[i].detail)));
        return list;
}

static const char *certainty_by_itself(const Classification *c, const char *name)
{
        for (size_t i = 0; i < c->n_modelcaps; i++)
                if (streq(c->modelcaps[i].name, name))
                        return certainty_to_string(c->modelcaps[i].certainty);
        return "";
}

/* `here` is in the hands of this workload, `alone` by itself. */
static json_t *findings_to_json(const Classification *here, const Classification *alone)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < here->n_modelcaps; i++) {
                const ModelcapFinding *f = &here->modelcaps[i];

                (void) json_array_append_new(
                                list, json_pack("{s:o, s:s, s:s, s:i, s:o}", "name", json_text(f->name),
                                                "certainty", certainty_to_string(f->certainty), "by_itself",
                                                certainty_by_itself(alone, f->name), "confidence",
                                                (int) f->confidence, "evidence", evidence_to_json(f)));
        }
        return list;
}

static void add_model(Dossiers *d, const Dossier *one, const DossierItem *item, json_t *o)
{
        _cleanup_free_ InventoryRecord *record = malloc(sizeof(*record));
        _cleanup_free_ Classification *here = malloc(sizeof(*here));

        if (!record || !here || inventory_get(d->inventory, item->model, record) < 0)
                return;
        *here = record->classification;
        if (!record->declared)
                (void) dossier_raise(one, policy_store_modelcaps(d->store), here);
        (void) json_object_set_new(o, "format", json_text(here->format));
        (void) json_object_set_new(o, "status", json_string(scan_status_to_string(here->status)));
        (void) json_object_set_new(o, "declared", json_boolean(record->declared));
        (void) json_object_set_new(o, "model_capabilities", findings_to_json(here, &record->classification));
}

static json_t *item_to_json(Dossiers *d, const Dossier *one, const DossierItem *item)
{
        char seen[DATE_TEXT_MAX];
        json_t *o;

        date_format(item->seen_usec, seen);
        o = json_pack("{s:s, s:o, s:i, s:s, s:o}", "kind", dossier_kind_to_string(item->kind), "path",
                      json_text(item->path), "pid", (int) item->pid, "seen", seen, "lists",
                      lists_to_json(item));
        if (o && item->kind == DOSSIER_MODEL)
                add_model(d, one, item, o);
        return o;
}

static json_t *one_to_json(Dossiers *d, const Dossier *one)
{
        json_t *items = json_array();
        char unit[256] = "";

        (void) cgroup_path_unit(one->cgroup, unit, sizeof(unit));
        /* The newest first, as it counts. */
        for (size_t i = one->n; items && i-- > 0;)
                (void) json_array_append_new(items, item_to_json(d, one, &one->items[i]));
        return json_pack("{s:o, s:o, s:I, s:I, s:o}", "cgroup", json_text(one->cgroup), "unit",
                         json_text(unit), "cgroup_id", (json_int_t) one->cgroup_id, "dropped",
                         (json_int_t) one->dropped, "items", items);
}

json_t *dossiers_to_json(Dossiers *d, uint64_t cgroup_id, const char *cgroup)
{
        const Dossier *one;

        LOCK_SCOPE(&d->lock);
        one = dossier_find(d->set, cgroup_id, cgroup);
        return one ? one_to_json(d, one) : json_null();
}

json_t *dossiers_of_unit(Dossiers *d, const char *unit)
{
        json_t *list = json_array();
        const Dossier *one;

        LOCK_SCOPE(&d->lock);
        for (size_t i = 0; list && (one = dossier_at(d->set, i)); i++) {
                char of[256];

                if (cgroup_path_unit(one->cgroup, of, sizeof(of)) >= 0 && streq(of, unit))
                        (void) json_array_append_new(list, one_to_json(d, one));
        }
        return list;
}
