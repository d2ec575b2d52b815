/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: grants of every kind, on anything: the first byte says which. What is taken is whole, and lawful. */
#include <stdint.h>
#include <string.h>

#include "lib/grant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const Grant *g)
{
        if (!grant_id_valid(g->id) || g->until_usec <= g->from_usec ||
            (g->kind != GRANT_DECLARATION && (!g->workload || !g->context || !*g->jurisdiction)))
                abort();
        if (g->kind == GRANT_CONSENT && (!g->principal || strncmp(g->principal, "sha256:", 7) != 0))
                abort();
        if (g->kind == GRANT_SET && json_array_size(g->members) == 0)
                abort();
        if (g->kind == GRANT_ATTESTATION && json_array_size(g->items) == 0)
                abort();
        if (grant_holds(g, g->until_usec) == GRANT_OK ||
            (grant_holds(g, g->from_usec) == GRANT_OK) != grant_state_valid(g->state))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char code[GRANT_CODE_MAX];
        GrantError e = {};
        Grant *g = NULL;

        if (size == 0)
                return 0;
        if (grant_parse((GrantKind) (data[0] % _GRANT_KIND_MAX), (const char *) data + 1, size - 1, &g,
                        &e) >= 0)
                check(g);
        else if (g || e.reason == GRANT_OK || !*grant_reason_sentence(e.reason))
                abort();
        grant_error_code(&e, code);
        grant_free(g);
        return 0;
}
