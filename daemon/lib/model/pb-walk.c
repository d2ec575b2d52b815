/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: walks a protocol buffer message along a table of rules.
 * Owns: the depth; a table may hold itself.
 * Must not: copy anything but names.
 * Called by: the readers of TensorFlow, Core ML, Caffe and PaddlePaddle.
 */
#include "lib/model/pb-walk.h"

#include <string.h>

#define DEPTH_MAX 100      /* as protocol buffers have it */
#define BEGIN_FIELDS_MAX 4 /* that nobody knows, before the first that matters */

static const PbRule *find_rule(const PbRule *rules, const PbField *field)
{
        for (; rules->number; rules++)
                if (rules->number == field->number && rules->wire == field->wire)
                        return rules;
        return NULL;
}

static int walk(PbCursor c, const PbRule *rules, PbVisit visit, void *userdata, unsigned depth)
{
        PbField field;
        int r;

        if (depth > DEPTH_MAX)
                return source_fail(c.source, "nested too deep");
        while ((r = pb_next(&c, &field)) > 0) {
                const PbRule *rule = find_rule(rules, &field);

                if (!rule)
                        continue;
                if (!rule->message) {
                        r = visit(userdata, PB_VALUE, rule->tag, &field);
                } else {
                        r = visit(userdata, PB_BEGIN, rule->tag, &field);
                        if (r == PB_SKIP)
                                continue;
                        if (r >= 0)
                                r = walk(pb_cursor(c.source, field.start, field.length), rule->message,
                                         visit, userdata, depth + 1);
                        if (r >= 0)
                                r = visit(userdata, PB_END, rule->tag, &field);
                }
                if (r < 0)
                        return r;
        }
        return r;
}

int pb_walk(PbCursor c, const PbRule *rules, PbVisit visit, void *userdata)
{
        return walk(c, rules, visit, userdata, 0);
}

bool pb_may_begin(Source *s, const PbRule *rules)
{
        const unsigned char *p = NULL;
        PbCursor c = pb_cursor(s, 0, s->size);
        PbField field;

        /* Groups are from before the formats here, and the first letter of many a text. */
        if (source_peek(s, 0, 4, &p) < 4 || (p[0] & 7) == PB_GROUP || p[0] == 0)
                return false;
        for (unsigned i = 0; i < BEGIN_FIELDS_MAX && pb_next(&c, &field) > 0; i++)
                if (find_rule(rules, &field))
                        return true;
        return false;
}

int pb_text(Source *s, const PbField *field, PbText *ret)
{
        const unsigned char *p = NULL;
        int r;

        ret->n = (size_t) MIN(field->length, (uint64_t) PB_TEXT_MAX);
        if (ret->n > 0) {
                r = source_view(s, field->start, ret->n, &p);
                if (r < 0)
                        return r;
                memcpy(ret->s, p, ret->n);
        }
        ret->s[ret->n] = 0;
        return 0;
}

int pb_add_name(Source *s, ModelFacts *f, FactKind kind, const char *where, const PbField *field)
{
        PbText text;
        int r = pb_text(s, field, &text);

        if (r < 0)
                return r;
        facts_add_name(f, kind, false, where, text.s, text.n);
        return 0;
}

int pb_add_label(Source *s, ModelFacts *f, LabelListBuilder *b, const PbField *field)
{
        PbText text;
        int r;

        if (b->n >= FACTS_LABELS_MAX) {
                b->n_total++;
                return 0;
        }
        r = pb_text(s, field, &text);
        if (r < 0)
                return r;
        label_list_add(f, b, text.s, text.n);
        return 0;
}

static void add_dim(int64_t dims[FACTS_DIMS_MAX], uint8_t *n, uint64_t value)
{
        if (*n < FACTS_DIMS_MAX)
                dims[(*n)++] = value > INT64_MAX ? -1 : (int64_t) value;
}

int pb_add_dims(Source *s, const PbField *field, int64_t dims[FACTS_DIMS_MAX], uint8_t *n)
{
        PbCursor c = pb_cursor(s, field->start, MIN(field->length, (uint64_t) 10 * FACTS_DIMS_MAX));
        uint64_t value;
        int r;

        if (field->wire == PB_VARINT) {
                add_dim(dims, n, field->value);
                return 0;
        }
        while (field->wire == PB_BYTES && c.pos < c.end) {
                r = pb_varint(&c, &value);
                if (r < 0)
                        return r;
                add_dim(dims, n, value);
        }
        return 0;
}
