/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: steps through the opcodes of a pickle, protocols 0 to 5.
 * Owns: the stack, the marks and the memo, all of them numbers of values.
 * Must not: import, call, or recurse; read the bytes of arrays.
 * Called by: the readers of PyTorch, joblib and plain pickles.
 * Source: pickletools.py of CPython, which describes every opcode.
 */
#include "lib/model/pickle.h"

#include <string.h>

#include "lib/escape.h"
#include "lib/macro.h"
#include "lib/model/pickle-internal.h"

/* --------------------------------------------------------------------- stack */

static int push_number(Pickle *p, PickleNumbers *n, uint32_t v)
{
        int r = pickle_room(p, (void *) &n->at, &n->room, n->n + 1, sizeof(*n->at));

        if (r < 0)
                return r;
        n->at[n->n++] = v;
        return 0;
}

static int push(Pickle *p, uint32_t v)
{
        return push_number(p, &p->stack, v);
}

static int push_new(Pickle *p, PickleType type)
{
        uint32_t v = 0;
        int r = pickle_new(p, type, &v);

        return r < 0 ? r : push(p, v);
}

/* Where the last mark lets what is on the stack begin. */
static size_t floor_of(const Pickle *p)
{
        return p->marks.n > 0 ? p->marks.at[p->marks.n - 1] : 0;
}

static int pop(Pickle *p, uint32_t *ret)
{
        if (p->stack.n <= floor_of(p))
                return pickle_broken(p);
        *ret = p->stack.at[--p->stack.n];
        return 0;
}

static int top(Pickle *p, uint32_t *ret)
{
        if (p->stack.n <= floor_of(p))
                return pickle_broken(p);
        *ret = p->stack.at[p->stack.n - 1];
        return 0;
}

/* Takes the last mark away; what is above it stays on the stack, from *ret on. */
static int pop_mark(Pickle *p, size_t *ret)
{
        if (p->marks.n == 0)
                return pickle_broken(p);
        *ret = p->marks.at[--p->marks.n];
        return 0;
}

/* Everything from `start` on goes from the stack into a container: items, or keys and values. */
static int gather(Pickle *p, uint32_t container, size_t start, bool pairs)
{
        size_t n = p->stack.n - start;
        int r = 0;

        if (pairs && n % 2 != 0)
                return pickle_broken(p);
        for (size_t i = start; r >= 0 && i < p->stack.n; i += pairs ? 2 : 1)
                r = pairs ? pickle_add(p, container, p->stack.at[i], p->stack.at[i + 1])
                          : pickle_add(p, container, 0, p->stack.at[i]);
        p->stack.n = start;
        return r;
}

/* A container of the topmost n, or of what is above the mark. */
static int make_container(Pickle *p, PickleType type, size_t n, bool marked)
{
        size_t start = p->stack.n - n;
        uint32_t v = 0;
        int r;

        if (marked) {
                r = pop_mark(p, &start);
                if (r < 0)
                        return r;
        } else if (p->stack.n < floor_of(p) + n) {
                return pickle_broken(p);
        }
        r = pickle_new(p, type, &v);
        if (r >= 0)
                r = gather(p, v, start, type == PICKLE_DICT);
        return r < 0 ? r : push(p, v);
}

static int extend(Pickle *p, bool pairs, bool marked)
{
        size_t start = p->stack.n - (pairs ? 2 : 1);
        uint32_t container = 0;
        int r;

        if (marked) {
                r = pop_mark(p, &start);
                if (r < 0)
                        return r;
        }
        if (p->stack.n < floor_of(p) + (marked ? 0 : pairs ? 3 : 2) || start <= floor_of(p))
                return pickle_broken(p);
        container = p->stack.at[start - 1];
        return gather(p, container, start, pairs);
}

/* -------------------------------------------------------------------- values */

/* What Python wrote with backslashes: \x41, \u0430, \\, \n. In place, it gets shorter only. */
static size_t unescape(char *s, size_t n)
{
        size_t used = 0;

        for (size_t i = 0; i < n; i++) {
                size_t digits = s[i] != '\\' || i + 1 >= n ? 0
                                : s[i + 1] == 'x'          ? 2
                                : s[i + 1] == 'u'          ? 4
                                                           : 0;
                char hex[8] = "", *end = hex;
                unsigned long code = 0;

                if (digits > 0 && i + 1 + digits < n) {
                        memcpy(hex, s + i + 2, digits);
                        code = strtoul(hex, &end, 16);
                }
                if (digits == 2 && end == hex + 2) {
                        s[used++] = (char) code;
                        i += 3;
                } else if (digits == 4 && end == hex + 4) {
                        used += utf8_put(s + used, (uint32_t) code);
                        i += 5;
                } else if (s[i] == '\\' && i + 1 < n) {
                        i++;
                        s[used++] = s[i] == 'n' ? '\n' : s[i];
                } else {
                        s[used++] = s[i];
                }
        }
        s[used] = 0;
        return used;
}

static int push_line(Pickle *p, PickleOp *op)
{
        char *s = op->line;
        size_t n = (size_t) op->length;
        uint32_t v = 0;
        int r;

        if (op->code == 'S') {
                if (n < 2 || (s[0] != '\'' && s[0] != '"'))
                        return pickle_broken(p);
                s++;
                n -= 2;
        }
        n = unescape(s, n);
        r = pickle_new_text(p, s, n, &v);
        return r < 0 ? r : push(p, v);
}

static int push_text(Pickle *p, const PickleOp *op)
{
        size_t kept = (size_t) MIN(op->length, (uint64_t) PICKLE_TEXT_MAX);
        const unsigned char *at = NULL;
        uint32_t v = 0;
        int r;

        if (kept > 0) {
                r = source_view(p->source, op->start, kept, &at);
                if (r < 0)
                        return r;
        }
        r = pickle_new_text(p, (const char *) at, kept, &v);
        if (r < 0)
                return r;
        p->values[v].start = op->start;
        p->values[v].length = (uint32_t) MIN(op->length, (uint64_t) UINT32_MAX);
        return push(p, v);
}

static int push_bytes(Pickle *p, const PickleOp *op)
{
        uint32_t v = 0;
        int r = pickle_new(p, PICKLE_BYTES, &v);

        if (r < 0)
                return r;
        p->values[v].start = op->start;
        p->values[v].length = (uint32_t) MIN(op->length, (uint64_t) UINT32_MAX);
        return push(p, v);
}

static int push_integer(Pickle *p, int64_t integer)
{
        uint32_t v = 0;
        int r = pickle_new(p, PICKLE_INT, &v);

        if (r < 0)
                return r;
        p->values[v].integer = integer;
        return push(p, v);
}

/* LONG1 and LONG4: two's complement of any length; what is longer than eight bytes counts nothing. */
static int push_long(Pickle *p, const PickleOp *op)
{
        const unsigned char *at = NULL;
        uint64_t value = 0;
        int r;

        if (op->length > 8)
                return push(p, 0);
        if (op->length > 0) {
                r = source_view(p->source, op->start, op->length, &at);
                if (r < 0)
                        return r;
                value = at[op->length - 1] & 0x80 ? UINT64_MAX : 0;
                for (size_t i = op->length; i-- > 0;)
                        value = value << 8 | at[i];
        }
        return push_integer(p, (int64_t) value);
}

static int new_global(Pickle *p, const char *module_and_name, size_t n, uint32_t *ret)
{
        int r = pickle_new_text(p, module_and_name, n, ret);

        if (r >= 0)
                p->values[*ret].type = PICKLE_GLOBAL;
        return r;
}

static int push_stack_global(Pickle *p)
{
        char text[2 * PICKLE_TEXT_MAX + 2];
        uint32_t name = 0, module = 0, v = 0;
        int r = pop(p, &name);

        if (r >= 0)
                r = pop(p, &module);
        if (r < 0)
                return r;
        (void) snprintf(text, sizeof(text), "%s %s", pickle_text(p, module), pickle_text(p, name));
        r = new_global(p, text, strlen(text), &v);
        return r < 0 ? r : push(p, v);
}

/* --------------------------------------------------------------------- calls */

static int push_object(Pickle *p, uint32_t callable, uint32_t arguments)
{
        uint32_t v = 0;
        int r = pickle_new(p, PICKLE_OBJECT, &v);

        if (r < 0)
                return r;
        p->values[v].callable = callable;
        p->values[v].arguments = arguments;
        return push(p, v);
}

/* REDUCE, NEWOBJ: callable and a tuple; NEWOBJ_EX has keywords as well. */
static int call(Pickle *p, bool keywords)
{
        uint32_t callable = 0, arguments = 0, more = 0;
        int r = keywords ? pop(p, &more) : 0;

        if (r >= 0)
                r = pop(p, &arguments);
        if (r >= 0)
                r = pop(p, &callable);
        if (r >= 0)
                r = push_object(p, callable, arguments);
        if (r >= 0 && more)
                p->values[p->stack.at[p->stack.n - 1]].state = more;
        return r;
}

/* INST has its class behind it, OBJ on the stack; both have the arguments above a mark. */
static int call_marked(Pickle *p, const PickleOp *op)
{
        uint32_t callable = 0, arguments = 0;
        int r = make_container(p, PICKLE_TUPLE, 0, true);

        if (r >= 0)
                r = pop(p, &arguments);
        if (r < 0)
                return r;
        if (op->code == 'i')
                r = new_global(p, op->line, op->length, &callable);
        else
                callable = pickle_item(p, arguments, 0);
        return r < 0 ? r : push_object(p, callable, arguments);
}

static int push_persistent(Pickle *p, const PickleOp *op)
{
        uint32_t id = 0, v = 0;
        int r = op->code == 'P' ? pickle_new_text(p, op->line, op->length, &id) : pop(p, &id);

        if (r >= 0)
                r = pickle_new(p, PICKLE_PERSISTENT, &v);
        if (r < 0)
                return r;
        p->values[v].arguments = id;
        return push(p, v);
}

static int build(Pickle *p)
{
        uint32_t state = 0, object = 0;
        int r = pop(p, &state);

        if (r >= 0)
                r = top(p, &object);
        if (r < 0)
                return r;
        if (p->values[object].type == PICKLE_OBJECT)
                p->values[object].state = state;
        else
                r = pickle_add(p, object, 0, state);
        return r < 0 || !p->on_build ? r : p->on_build(p, object);
}

/* ---------------------------------------------------------------------- memo */

static int memo_put(Pickle *p, uint64_t i)
{
        size_t before = p->memo.room;
        uint32_t v = 0;
        int r = top(p, &v);

        if (r < 0)
                return r;
        /* Python counts up; a number far beyond is made to cost memory. */
        if (i >= PICKLE_OPS_MAX)
                return pickle_broken(p);
        r = pickle_room(p, (void *) &p->memo.at, &p->memo.room, (size_t) i + 1, sizeof(*p->memo.at));
        if (r < 0)
                return r;
        memset(p->memo.at + before, 0, (p->memo.room - before) * sizeof(*p->memo.at));
        p->memo.at[i] = v;
        p->memo.n = MAX(p->memo.n, (size_t) i + 1);
        return 0;
}

static int memo_get(Pickle *p, uint64_t i)
{
        return i < p->memo.n ? push(p, p->memo.at[i]) : pickle_broken(p);
}

/* ------------------------------------------------------------------ dispatch */

static int do_scalar(Pickle *p, PickleOp *op)
{
        switch (op->code) {
        case 'S':
        case 'V':
                return push_line(p, op);
        case 'T':
        case 'U':
        case 'X':
        case 0x8c:
        case 0x8d:
                return push_text(p, op);
        case 'B':
        case 'C':
        case 0x8e:
        case 0x96:
                return push_bytes(p, op);
        case 'I':
        case 'L':
                return push_integer(p, strtoll(op->line, NULL, 10));
        case 'J':
                return push_integer(p, (int32_t) op->number);
        case 'K':
        case 'M':
                return push_integer(p, (int64_t) op->number);
        case 0x8a:
        case 0x8b:
                return push_long(p, op);
        default: /* None, truth values, fractions, extensions, buffers from elsewhere */
                return push(p, 0);
        }
}

static int do_container(Pickle *p, const PickleOp *op)
{
        switch (op->code) {
        case ')':
                return push_new(p, PICKLE_TUPLE);
        case ']':
        case 0x8f:
                return push_new(p, PICKLE_LIST);
        case '}':
                return push_new(p, PICKLE_DICT);
        case 0x85:
        case 0x86:
        case 0x87:
                return make_container(p, PICKLE_TUPLE, op->code - 0x84U, false);
        case 't':
                return make_container(p, PICKLE_TUPLE, 0, true);
        case 'l':
        case 0x91:
                return make_container(p, PICKLE_LIST, 0, true);
        case 'd':
                return make_container(p, PICKLE_DICT, 0, true);
        case 'a':
                return extend(p, false, false);
        case 's':
                return extend(p, true, false);
        case 'u':
                return extend(p, true, true);
        default: /* APPENDS, ADDITEMS */
                return extend(p, false, true);
        }
}

static int do_stack(Pickle *p, const PickleOp *op)
{
        uint32_t v = 0;
        size_t start = 0;
        int r;

        switch (op->code) {
        case '(':
                return push_number(p, &p->marks, (uint32_t) p->stack.n);
        case '0':
                return p->stack.n <= floor_of(p) && p->marks.n > 0 ? pop_mark(p, &start) : pop(p, &v);
        case '1':
                r = pop_mark(p, &start);
                p->stack.n = r < 0 ? p->stack.n : start;
                return r;
        case '2':
                r = top(p, &v);
                return r < 0 ? r : push(p, v);
        case 'p':
                return memo_put(p, strtoull(op->line, NULL, 10));
        case 'q':
        case 'r':
                return memo_put(p, op->number);
        case 0x94:
                return memo_put(p, p->memo.n);
        case 'g':
                return memo_get(p, strtoull(op->line, NULL, 10));
        default: /* BINGET, LONG_BINGET */
                return memo_get(p, op->number);
        }
}

static int do_call(Pickle *p, const PickleOp *op)
{
        uint32_t v = 0;
        int r;

        switch (op->code) {
        case 'c':
                r = new_global(p, op->line, op->length, &v);
                return r < 0 ? r : push(p, v);
        case 0x93:
                return push_stack_global(p);
        case 'R':
        case 0x81:
                return call(p, false);
        case 0x92:
                return call(p, true);
        case 'i':
        case 'o':
                return call_marked(p, op);
        case 'P':
        case 'Q':
                return push_persistent(p, op);
        default: /* BUILD */
                return build(p);
        }
}

static int do_op(Pickle *p, PickleOp *op)
{
        static const char containers[] = ")]}\x85\x86\x87tld\x8f\x90\x91"
                                         "asue",
                          stack[] = "(012pqrghj\x94", calls[] = "c\x93R\x81\x92ioPQb";

        if (op->code == 0x80 || op->code == 0x95 || op->code == 0x98)
                return 0; /* PROTO, FRAME, READONLY_BUFFER */
        if (memchr(containers, op->code, sizeof(containers) - 1))
                return do_container(p, op);
        if (memchr(stack, op->code, sizeof(stack) - 1))
                return do_stack(p, op);
        if (memchr(calls, op->code, sizeof(calls) - 1))
                return do_call(p, op);
        return do_scalar(p, op);
}

int pickle_run(Pickle *p)
{
        PickleOp op = {};
        int r;

        p->stack.n = p->marks.n = p->memo.n = 0;
        for (;;) {
                if (p->ops_left == 0)
                        return source_fail(p->source, "a pickle longer than a model has");
                p->ops_left--;
                r = pickle_read_op(p, &op);
                if (r < 0)
                        return r;
                if (op.code == '.')
                        return pop(p, &p->result);
                r = do_op(p, &op);
                if (r < 0)
                        return r;
                p->n_ops++;
        }
}
