/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: records of the rings are believed only when every length, enum and end of string is right. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "lib/event.h"

static struct ag_event good_event(const char *path)
{
        struct ag_event e = {
                .version = AG_ABI_VERSION,
                .kind = AG_EVENT_MODEL,
                .strength = AG_STRENGTH_STRONG,
                .workload = AG_WORKLOAD_UNDECLARED,
                .n_columns = 1,
                .path_len = (__u32) strlen(path),
                .comm = "node",
        };

        strcpy(e.path, path);
        return e;
}

static struct ag_request good_request(const char *path)
{
        struct ag_request r = {
                .version = AG_ABI_VERSION,
                .kind = AG_REQUEST_HOLD,
                .path_len = (__u32) strlen(path),
        };

        strcpy(r.path, path);
        return r;
}

Test(event, a_good_one_is_taken_whole_or_cut_behind_its_path)
{
        struct ag_event e = good_event("/srv/a.onnx");
        const struct ag_event *v = NULL;

        cr_assert_eq(event_validate(&e, sizeof(e), &v), 0);
        cr_assert_eq(v, &e);
        cr_assert_eq(event_validate(&e, event_size(&e), &v), 0);
}

Test(event, what_is_too_short_or_too_long_is_refused)
{
        struct ag_event e = good_event("/srv/a.onnx");
        const struct ag_event *v;

        for (size_t n = 0; n < event_size(&e); n++)
                cr_assert_eq(event_validate(&e, n, &v), -EBADMSG, "%zu bytes", n);
        cr_assert_eq(event_validate(&e, sizeof(e) + 1, &v), -EBADMSG);
}

Test(event, another_version_is_told_apart)
{
        struct ag_event e = good_event("");
        const struct ag_event *v;

        e.version++;
        cr_assert_eq(event_validate(&e, sizeof(e), &v), -EPROTO);
}

/* One wrong member each; `change` makes it wrong. */
#define REFUSED(change)                                                                   \
        do {                                                                              \
                struct ag_event e = good_event("/srv/a.onnx");                            \
                const struct ag_event *v;                                                 \
                change;                                                                   \
                cr_assert_eq(event_validate(&e, sizeof(e), &v), -EBADMSG, "%s", #change); \
        } while (0)

Test(event, every_enum_and_count_is_looked_at)
{
        REFUSED(e.kind = 0);
        REFUSED(e.kind = 3);
        REFUSED(e.strength = AG_STRENGTH_STRONG + 1);
        REFUSED(e.workload = AG_WORKLOADS_MAX);
        REFUSED(e.device_kind = AG_DEVICE_NETWORK_CAMERA + 1);
        REFUSED(e.hook = AG_HOOK_FANOTIFY + 1);
        REFUSED(e.column = AG_COLUMNS);
        REFUSED(e.would_column = AG_COLUMNS);
        REFUSED(e.n_columns = AG_OBJECT_COLUMNS + 1);
        REFUSED(e.columns[0] = AG_COLUMNS);
        REFUSED(e.effective.action = _AG_ACTION_MAX);
        REFUSED(e.would.rule = AG_RULES_MAX);
}

Test(event, strings_end_where_they_say)
{
        REFUSED(memset(e.comm, 'a', sizeof(e.comm)));
        REFUSED(e.path_len = 3);
        REFUSED(e.path_len = AG_EVENT_PATH_MAX);
        REFUSED(e.path_len = UINT32_MAX);
        REFUSED(e.path[4] = 0);
        REFUSED(memset(e.path, 'a', sizeof(e.path)));
}

Test(request, the_same_care_is_taken)
{
        struct ag_request r = good_request("/srv/a.onnx");
        const struct ag_request *v = NULL;

        cr_assert_eq(request_validate(&r, sizeof(r), &v), 0);
        cr_assert_eq(request_validate(&r, request_size(&r), &v), 0);
        cr_assert_eq(request_validate(&r, request_size(&r) - 1, &v), -EBADMSG);
        r.kind = 0;
        cr_assert_eq(request_validate(&r, sizeof(r), &v), -EBADMSG);
        r.kind = AG_REQUEST_PASSED + 1;
        cr_assert_eq(request_validate(&r, sizeof(r), &v), -EBADMSG);
        r = good_request("/srv/a.onnx");
        r.path_len = AG_PATH_MAX;
        cr_assert_eq(request_validate(&r, sizeof(r), &v), -EBADMSG);
        r = good_request("/srv/a.onnx");
        r.n_columns = AG_OBJECT_COLUMNS + 1;
        cr_assert_eq(request_validate(&r, sizeof(r), &v), -EBADMSG);
        r = good_request("/srv/a.onnx");
        r.n_columns = 1;
        r.columns[0] = AG_COLUMNS;
        cr_assert_eq(request_validate(&r, sizeof(r), &v), -EBADMSG);
        r = good_request("/srv/a.onnx");
        memset(r.comm, 'a', sizeof(r.comm));
        cr_assert_eq(request_validate(&r, sizeof(r), &v), -EBADMSG);
        r = good_request("/srv/a.onnx");
        r.version = 0;
        cr_assert_eq(request_validate(&r, sizeof(r), &v), -EPROTO);
}
