/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what the daemon writes into the storage of an inode, and from what;
 * without the BPF LSM there is none, and fan-cache.c keeps it. Sole writer of
 * ag_objects and ag_denied. The kernel resolves the descriptor
 * to its inode: no name is involved. Called by all threads of the gate; each
 * write is one system call.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "fan.h"
#include "gate-internal.h"
#include "lib/log.h"
#include "lib/object-columns.h"

int gate_read_seq(Gate *g, int fd, uint64_t *ret)
{
        struct ag_write w;

        if (g->fan)
                return fan_cache_stamp(fd, ret);
        if (bpf_map_lookup_elem(g->maps->writes, &fd, &w) < 0)
                return -errno;
        *ret = w.seq;
        return 0;
}

int gate_read_object(Gate *g, int fd, struct ag_object *ret)
{
        if (g->fan)
                return fan_cache_get(fan_cache(g->fan), fd, ret);
        return bpf_map_lookup_elem(g->maps->objects, &fd, ret) < 0 ? -errno : 0;
}

/* The kernel side looks for a writer as well; this is for who would only scan in vain. */
bool gate_object_holds(Gate *g, int fd, const struct ag_object *object)
{
        uint64_t seq = 0;

        return object->state == AG_OBJECT_KNOWN && gate_read_seq(g, fd, &seq) == 0 &&
               seq == object->write_seq;
}

int gate_write_gated(Gate *g, int fd)
{
        struct ag_object o = { .epoch = g->control->epoch, .state = AG_OBJECT_GATED };

        return bpf_map_update_elem(g->maps->objects, &fd, &o, BPF_ANY) < 0 ? -errno : 0;
}

/* Opens the gate. A classification that somebody wrote meanwhile stays. */
void gate_write_none(Gate *g, int fd)
{
        struct ag_object o;

        if (gate_read_object(g, fd, &o) == 0 && o.state == AG_OBJECT_GATED)
                (void) bpf_map_delete_elem(g->maps->objects, &fd);
}

/* Would any declared or undeclared workload be refused for it? Then the refusal outlives the inode. */
static bool is_forbidden(Gate *g, const struct ag_object *object)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *p = policy_store_current(g->options.store);

        if (!p)
                return false;
        for (size_t w = AG_WORKLOAD_UNDECLARED; w < p->tables->n_workloads; w++) {
                for (size_t i = 0; i < object->n_columns; i++) {
                        if (p->tables->rows[w].cells[object->columns[i]].effective[0].action >=
                            AG_ACTION_DENY)
                                return true;
                }
        }
        return false;
}

static int put_denial(Gate *g, const struct ag_inode_key *inode, const struct ag_object *object,
                      uint64_t how)
{
        struct ag_denied d = {
                .flags = object->flags,
                .model = object->model,
                .n_columns = object->n_columns,
        };

        memcpy(d.columns, object->columns, sizeof(d.columns));
        return bpf_map_update_elem(g->maps->denied, inode, &d, how) < 0 ? -errno : 0;
}

void gate_keep_refusal(Gate *g, const struct ag_inode_key *inode, const struct ag_object *object)
{
        int r = is_forbidden(g, object) ? put_denial(g, inode, object, BPF_ANY) : 0;

        if (r < 0)
                log_warning_errno(r, "gate: a refusal cannot be kept beyond its inode");
}

static void keep_denial(Gate *g, const struct ag_inode_key *inode, const struct ag_object *object)
{
        if (is_forbidden(g, object))
                gate_keep_refusal(g, inode, object);
        else
                (void) bpf_map_delete_elem(g->maps->denied, inode);
}

/* A suspicion does not take the place of what it has been to some workload. */
static void keep_suspicion(Gate *g, const struct ag_inode_key *inode, const struct ag_object *object)
{
        int r = is_forbidden(g, object) ? put_denial(g, inode, object, BPF_NOEXIST) : 0;

        if (r < 0 && r != -EEXIST)
                log_warning_errno(r, "gate: a refusal cannot be kept beyond its inode");
}

int gate_write_known(Gate *g, int fd, const struct ag_inode_key *inode, const struct ag_object *object,
                     uint64_t seq)
{
        struct ag_object o = *object;
        uint64_t now = 0;

        /* Written meanwhile: what was judged is gone. */
        if (gate_read_seq(g, fd, &now) < 0 || now != seq)
                return -ESTALE;
        if (gate_may_raise(g, object)) {
                if (inode)
                        keep_suspicion(g, inode, object);
                return -EOPNOTSUPP;
        }
        o.write_seq = seq;
        o.epoch = g->control->epoch;
        o.state = AG_OBJECT_KNOWN;
        memset(o.reserved, 0, sizeof(o.reserved));
        if (g->fan)
                fan_cache_put(fan_cache(g->fan), fd, &o);
        else if (bpf_map_update_elem(g->maps->objects, &fd, &o, BPF_ANY) < 0)
                return -errno;
        if (inode)
                keep_denial(g, inode, &o);
        return 0;
}

static void put_inventory(Gate *g, const ScanTask *t, GateJudgement *j, bool declared)
{
        InventoryRecord *r;

        if (t->result->status == SCAN_NOT_A_MODEL)
                return;
        r = calloc(1, sizeof(*r));
        if (!r)
                return;
        r->inode = t->inode;
        snprintf(r->path, sizeof(r->path), "%s", t->path ? t->path : "");
        r->declared = declared;
        r->n_columns = j->object.n_columns;
        memcpy(r->columns, j->object.columns, sizeof(r->columns));
        r->classified_usec = realtime_usec();
        r->classification = *t->result;
        j->object.model = inventory_put(g->options.inventory, r);
        free(r);
}

void gate_judge(Gate *g, const ScanTask *t, GateJudgement *ret)
{
        const GateHandlers *h = &g->options.handlers;
        const ModelcapSet *modelcaps = policy_store_modelcaps(g->options.store);
        bool declared = false;

        *ret = (GateJudgement){ .micros = t->micros, .keep = t->result && !t->failed };
        if (!t->result) {
                /* No memory for the answer: not understood, which is not clean. */
                ret->object.columns[0] = AG_COL_UNPARSABLE;
                ret->object.n_columns = 1;
                return;
        }
        object_from_classification(t->result, modelcaps, false, &ret->object);
        if (ret->object.n_columns > 0 && h->on_model)
                declared = h->on_model(h->userdata, t->fd, &t->inode, ret->object.columns,
                                       &ret->object.n_columns) > 0;
        put_inventory(g, t, ret, declared);
        if (ret->object.n_columns > 0 && ret->object.model && h->on_numbered)
                h->on_numbered(h->userdata, t->fd, ret->object.model);
}
