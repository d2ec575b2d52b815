/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a policy comes from: vendor and administrator, order, masks; and who is which workload. */
#include "policy-fixture.h"

#include <unistd.h>

#define V "aiguard: 1\n"
#define RULE(id) V "rules:\n  - { id: " id ", object: unknown, action: deny }\n"

static void make_dirs(const Fixture *f)
{
        _cleanup_free_ char *command = NULL;

        cr_assert_eq(string_printf(&command, "mkdir -p %s" POLICY_VENDOR_DIR " %s" POLICY_ADMIN_DIR, f->dir,
                                   f->dir),
                     0);
        cr_assert_eq(system(command), 0);
}

static void put(const Fixture *f, const char *dir, const char *name, const char *text)
{
        _cleanup_free_ char *path = NULL;

        cr_assert_eq(string_printf(&path, "%s%s", f->dir, dir), 0);
        fixture_write(path, name, text);
}

static void link_to(const Fixture *f, const char *target, const char *name)
{
        _cleanup_free_ char *path = NULL;

        cr_assert_eq(string_printf(&path, "%s" POLICY_ADMIN_DIR "/%s", f->dir, name), 0);
        cr_assert_eq(symlink(target, path), 0);
}

Test(policy_files, order_is_by_name_across_directories)
{
        Fixture f;

        fixture_begin(&f);
        make_dirs(&f);
        f.root = f.dir;
        put(&f, POLICY_VENDOR_DIR, "50-c.yaml", RULE("c"));
        put(&f, POLICY_VENDOR_DIR, "10-a.yaml", RULE("a"));
        put(&f, POLICY_ADMIN_DIR, "30-b.yaml", RULE("b"));
        put(&f, POLICY_ADMIN_DIR, "notes.txt", "not a policy");
        put(&f, POLICY_ADMIN_DIR, ".hidden.yaml", "not a policy");
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_str_eq(f.tables->name, "a + b + c");
        cr_expect_str_eq(f.tables->rules[1].id, "a");
        cr_expect_str_eq(f.tables->rules[2].id, "b");
        cr_expect_str_eq(f.tables->rules[3].id, "c");
        cr_expect_null(f.tables->masks);
        cr_expect_eq(diag_count(f.diag, DIAG_WARNING), 0U);
        fixture_end(&f);
}

Test(policy_files, the_administrator_replaces_and_masks)
{
        Fixture f;

        fixture_begin(&f);
        make_dirs(&f);
        f.root = f.dir;
        put(&f, POLICY_VENDOR_DIR, "10-a.yaml", RULE("vendor-a"));
        put(&f, POLICY_VENDOR_DIR, "20-b.yaml", RULE("vendor-b"));
        put(&f, POLICY_ADMIN_DIR, "10-a.yaml", RULE("own-a"));
        link_to(&f, "/dev/null", "20-b.yaml");
        link_to(&f, "/dev/null", "90-nothing.yaml");
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_str_eq(f.tables->rules[1].id, "own-a");
        cr_expect_str_eq(f.tables->rules[2].id, "default-prohibited", "vendor-b is gone");
        cr_assert_eq(strv_length(f.tables->masks), 2U);
        cr_expect_not_null(strstr(f.tables->masks[0], "/10-a.yaml is replaced by "));
        cr_expect_not_null(strstr(f.tables->masks[1], "/20-b.yaml is masked by "));
        cr_expect_eq(diag_count(f.diag, DIAG_WARNING), 2U, "a loosening is never silent");
        fixture_end(&f);
}

Test(policy_files, a_link_to_the_law)
{
        _cleanup_free_ char *target = realpath(KZ, NULL);
        Fixture f;

        fixture_begin(&f);
        make_dirs(&f);
        f.root = f.dir;
        link_to(&f, target, "50-kz.yaml");
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_str_eq(f.tables->name, "kz");
        fixture_end(&f);
}

Test(policy_files, nothing_installed_is_the_defaults)
{
        Fixture f;

        fixture_begin(&f);
        f.root = f.dir;
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_str_eq(f.tables->name, "defaults only");
        cr_expect_eq(fixture_cell(&f, "undeclared-ai", "camera")->effective[0].action, AG_ACTION_DENY);
        fixture_end(&f);
}

Test(policy_files, what_cannot_be_read_is_an_error)
{
        _cleanup_free_ char *fifo = NULL;
        Fixture f;

        fixture_begin(&f);
        make_dirs(&f);
        f.root = f.dir;
        link_to(&f, "/nonexistent", "10-dangling.yaml");
        cr_assert_eq(string_printf(&fifo, "%s" POLICY_ADMIN_DIR "/20-fifo.yaml", f.dir), 0);
        cr_assert_eq(mkfifo(fifo, 0600), 0);
        cr_expect_eq(fixture_compile(&f), -EBADMSG, "and no hang");
        cr_expect_eq(diag_count(f.diag, DIAG_ERROR), 2U);
        fixture_end(&f);
}

Test(policy_files, a_directory_by_name)
{
        Fixture f;

        fixture_begin(&f);
        fixture_write(f.dir, "20-b.yaml", RULE("b"));
        fixture_write(f.dir, "10-a.yaml", RULE("a"));
        fixture_add(&f, f.dir);
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_str_eq(f.tables->name, "a + b");
        fixture_end(&f);
}

/* ------------------------------------------------------------- who is who */

static void expect_match(const Fixture *f, const char *cgroup, const char *exe, uint32_t uid,
                         const char *workload)
{
        int w = policy_tables_match(f->tables, cgroup, exe, uid);

        if (!workload) {
                cr_expect_eq(w, -ENOENT, "%s %s %u", cgroup, exe, uid);
                return;
        }
        cr_assert_geq(w, 0, "%s %s %u is nobody", cgroup, exe, uid);
        cr_expect_str_eq(f->tables->workloads[w].name, workload, "%s is %s", cgroup,
                         f->tables->workloads[w].name);
}

Test(policy_match, by_each_key)
{
        static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        _cleanup_free_ char *docker = NULL, *nested = NULL;
        Fixture f;

        fixture_begin(&f);
        fixture_add_text(&f, "a.yaml",
                         V "workloads:\n"
                           "  units: { match: { unit: \"triage@*.service\" } }\n"
                           "  slices: { match: { slice: [\"ai-*.slice\", \"ml.slice\"] } }\n"
                           "  cgroups: { match: { cgroup: \"/lxc/*/payload\" } }\n"
                           "  deep: { match: { cgroup: \"/kube/**\" } }\n"
                           "  containers: { match: { container: \"0123*\" } }\n"
                           "  exes: { match: { exe: /usr/bin/infer } }\n"
                           "  users: { match: { user: [root, 4711] } }\n"
                           "  late: { match: { unit: \"*.service\", exe: /usr/bin/late } }\n");
        cr_assert_eq(fixture_compile(&f), 0);
        cr_assert_eq(string_printf(&docker, "/system.slice/docker-%s.scope", id), 0);
        cr_assert_eq(string_printf(&nested, "/system.slice/x.scope/user@1.service/docker-%s.scope", id), 0);

        expect_match(&f, "/system.slice/system-triage.slice/triage@7.service", NULL, UINT32_MAX, "units");
        expect_match(&f, "/system.slice/triage@7.service/child/deeper", NULL, UINT32_MAX, "units");
        expect_match(&f, "/ai-lab.slice/x.scope", NULL, UINT32_MAX, "slices");
        expect_match(&f, "/a.slice/ml.slice", NULL, UINT32_MAX, "slices");
        expect_match(&f, "/lxc/one/payload", NULL, UINT32_MAX, "cgroups");
        expect_match(&f, "/lxc/one/two/payload", NULL, UINT32_MAX, NULL);
        expect_match(&f, "/kube/a/b/c", NULL, UINT32_MAX, "deep");
        expect_match(&f, docker, NULL, UINT32_MAX, "containers");
        expect_match(&f, NULL, "/usr/bin/infer", UINT32_MAX, "exes");
        expect_match(&f, NULL, "/usr/bin/infer2", UINT32_MAX, NULL);
        expect_match(&f, NULL, NULL, 0, "users");
        expect_match(&f, NULL, NULL, 4711, "users");
        expect_match(&f, NULL, NULL, 4712, NULL);
        expect_match(&f, "/system.slice/other.service", NULL, 4711, "users");
        expect_match(&f, "/system.slice/other.service", "/usr/bin/infer", 5, "exes");
        expect_match(&f, "/system.slice/other.service", NULL, 5, "late");
        expect_match(&f, "/", NULL, UINT32_MAX, NULL);
        expect_match(&f, "", NULL, UINT32_MAX, NULL);
        expect_match(&f, NULL, NULL, UINT32_MAX, NULL);
        fixture_end(&f);
}

/* A workload has grants, so nobody may call himself one by naming a cgroup below his own unit. */
Test(policy_match, nobody_makes_himself_a_workload)
{
        static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        _cleanup_free_ char *docker = NULL, *inner = NULL;
        Fixture f;

        fixture_begin(&f);
        fixture_add_text(&f, "a.yaml",
                         V "workloads:\n"
                           "  triage: { match: { unit: triage.service, slice: triage.slice, container: "
                           "\"0123*\" } }\n");
        cr_assert_eq(fixture_compile(&f), 0);
        cr_assert_eq(string_printf(&docker, "/user.slice/user-1000.slice/user@1000.service/docker-%s.scope",
                                   id),
                     0);
        cr_assert_eq(string_printf(&inner, "/machine.slice/libpod-%064d.scope/docker-%s.scope", 7, id), 0);
        expect_match(&f, "/system.slice/triage.service", NULL, UINT32_MAX, "triage");
        expect_match(&f, "/user.slice/user-1000.slice/user@1000.service/app.slice/triage.service", NULL,
                     UINT32_MAX, NULL);
        expect_match(&f, "/user.slice/user-1000.slice/user@1000.service/triage.slice/x.service", NULL,
                     UINT32_MAX, NULL);
        expect_match(&f, "/machine.slice/a.scope/triage.service", NULL, UINT32_MAX, NULL);
        expect_match(&f, docker, NULL, UINT32_MAX, NULL);
        expect_match(&f, inner, NULL, UINT32_MAX, NULL);
        fixture_end(&f);
}
