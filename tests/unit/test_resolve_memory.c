/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: what is remembered of a process counts only when nothing is missing up to the number it asked at. */
#include <criterion/criterion.h>

#include "lib/resolve-memory.h"

static struct ag_request request(uint32_t tgid, uint32_t seq)
{
        return (struct ag_request){ .tgid = tgid, .start_time = 1000 + tgid, .map_seq = seq };
}

static void mapped(ResolveMemory *m, uint32_t tgid, uint32_t seq, uint32_t traits)
{
        struct ag_request q = request(tgid, seq);

        resolve_memory_mapped(m, &q, traits);
}

static bool recall(ResolveMemory *m, struct ag_request q, uint32_t *ret)
{
        *ret = 0;
        return resolve_memory_recall(m, &q, ret);
}

Test(resolve_memory, one_mapping_after_the_other)
{
        ResolveMemory *m;
        uint32_t traits;

        cr_assert_eq(resolve_memory_new(&m), 0);
        mapped(m, 7, 1, 0);
        cr_assert(recall(m, request(7, 1), &traits));
        cr_assert_eq(traits, 0);
        cr_assert_not(recall(m, request(7, 2), &traits));
        mapped(m, 7, 2, AG_TRAIT_RUNTIME);
        cr_assert(recall(m, request(7, 2), &traits));
        cr_assert_eq(traits, AG_TRAIT_RUNTIME);
        resolve_memory_free(m);
}

Test(resolve_memory, a_missing_one_is_missed)
{
        ResolveMemory *m;
        uint32_t traits;

        cr_assert_eq(resolve_memory_new(&m), 0);
        mapped(m, 7, 1, 0);
        mapped(m, 7, 3, 0);
        cr_assert_not(recall(m, request(7, 3), &traits));
        mapped(m, 7, 2, 0);
        cr_assert(recall(m, request(7, 3), &traits));
        mapped(m, 7, 200, 0);
        cr_assert_not(recall(m, request(7, 200), &traits));
        resolve_memory_free(m);
}

Test(resolve_memory, a_walk_answers_for_all)
{
        ResolveMemory *m;
        struct ag_request q = request(7, 9);
        uint32_t traits;

        cr_assert_eq(resolve_memory_new(&m), 0);
        mapped(m, 7, 11, AG_TRAIT_INTERPRETER);
        resolve_memory_walked(m, &q, 10, AG_TRAIT_RUNTIME_WEAK);
        cr_assert(recall(m, request(7, 11), &traits));
        cr_assert_eq(traits, AG_TRAIT_RUNTIME_WEAK | AG_TRAIT_INTERPRETER);
        resolve_memory_walked(m, &q, 3, 0);
        cr_assert(recall(m, request(7, 11), &traits));
        resolve_memory_free(m);
}

Test(resolve_memory, another_process_of_that_number_is_another)
{
        ResolveMemory *m;
        struct ag_request q = request(7, 1);
        uint32_t traits;

        cr_assert_eq(resolve_memory_new(&m), 0);
        mapped(m, 7, 1, 0);
        q.start_time++;
        cr_assert_not(recall(m, q, &traits));
        resolve_memory_free(m);
}

Test(resolve_memory, a_child_is_what_its_parent_was)
{
        ResolveMemory *m;
        struct ag_request child = request(8, 2);
        uint32_t traits;

        child.from_tgid = 7;
        child.from_start_time = 1007;
        child.from_seq = 2;
        cr_assert_eq(resolve_memory_new(&m), 0);
        mapped(m, 7, 1, AG_TRAIT_RUNTIME);
        mapped(m, 7, 2, 0);
        resolve_memory_mapped(m, &child, 0);
        cr_assert(recall(m, child, &traits));
        cr_assert_eq(traits, AG_TRAIT_RUNTIME);

        /* Of this one not everything was known when it forked. */
        child = request(9, 2);
        child.from_tgid = 7;
        child.from_start_time = 1007;
        child.from_seq = 3;
        resolve_memory_mapped(m, &child, 0);
        cr_assert_not(recall(m, child, &traits));
        resolve_memory_free(m);
}
