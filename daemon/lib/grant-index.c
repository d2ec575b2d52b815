/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the file `verified`: a line of JSON with what grants are about,
 * then a few numbers for each grant, then a digest of all that. Written and read
 * piece by piece, for it must not cost the memory that the daemon has not.
 * Called by the daemon alone, which also says when it is worth it.
 */
#include "lib/grant-index.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/sha256.h"
#include "lib/util-string.h"

#define INDEX_FILE "verified"
#define TEMPORARY ".verified.new"
#define INDEX_VERSION 1
/* How far an entry is looked for: what is not found is verified, as if it were not in the index. */
#define SEARCH_MAX 4096U

typedef struct IndexEntry {
        unsigned char digest[32]; /* of the envelope */
        uint64_t principal;
        uint64_t from_usec;
        uint64_t until_usec;
        uint32_t binding;
        uint32_t scope;
} IndexEntry;

_Static_assert(sizeof(IndexEntry) == 64, "no holes in what is written");

/* --------------------------------------------------------------------- trust */

static void add_text(Sha256 *h, const char *s)
{
        sha256_update(h, s, strlen(s) + 1);
}

void grant_trust_digest(const Trust *t, char ret[SHA256_HEX_SIZE])
{
        Sha256 h;

        sha256_init(&h);
        for (size_t i = 0; i < t->n; i++) {
                const TrustKey *k = &t->keys[i];
                char numbers[80];

                snprintf(numbers, sizeof(numbers), "%x %llx %d %d", k->kinds,
                         (unsigned long long) k->until_usec, k->revoked, k->host);
                add_text(&h, k->id);
                add_text(&h, numbers);
                for (char **w = k->workloads; w && *w; w++)
                        add_text(&h, *w);
                add_text(&h, "");
                for (char **c = k->capabilities; c && *c; c++)
                        add_text(&h, *c);
                add_text(&h, "");
        }
        sha256_final_hex(&h, ret);
}

/* ------------------------------------------------------------------ bindings */

static json_t *list_to_json(char *const *l)
{
        json_t *a = json_array();

        for (; l && *l; l++)
                (void) json_array_append_new(a, json_string(*l));
        return a;
}

static json_t *binding_to_json(const GrantBinding *b)
{
        return json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:o}", "kind", b->kind, "workload", b->workload,
                         "context", b->context, "jurisdiction", b->jurisdiction, "modelcaps",
                         list_to_json(b->modelcaps), "devices", list_to_json(b->devices), "models",
                         list_to_json(b->models));
}

/* As a grant that says so, from which the claims make a binding of theirs. */
static int binding_from_json(const json_t *o, Grant *g)
{
        const char *jurisdiction = json_string_value(json_object_get(o, "jurisdiction"));
        json_int_t kind = json_integer_value(json_object_get(o, "kind"));

        g->workload = json_string_value(json_object_get(o, "workload"));
        g->context = json_string_value(json_object_get(o, "context"));
        if (!g->workload || !g->context || !jurisdiction ||
            strlen(jurisdiction) >= sizeof(g->jurisdiction) ||
            (kind != GRANT_CONSENT && kind != GRANT_EXCEPTION && kind != GRANT_ATTESTATION))
                return -EBADMSG;
        strcpy(g->jurisdiction, jurisdiction);
        g->kind = (GrantKind) kind;
        g->modelcaps = json_object_get(o, "modelcaps");
        g->devices = json_object_get(o, "devices");
        g->models = json_object_get(o, "models");
        return 0;
}

/* ------------------------------------------------------------------- writing */

typedef struct Out {
        FILE *f;
        Sha256 h;
        bool failed;
} Out;

static void put(Out *o, const void *data, size_t n)
{
        sha256_update(&o->h, data, n);
        if (fwrite(data, 1, n, o->f) != n)
                o->failed = true;
}

static bool worth_it(const GrantClaim *claim)
{
        return claim->state == CLAIM_GOOD && claim->binding && !claim->members;
}

static int put_head(Out *o, const Trust *t, const GrantClaims *c)
{
        json_t *head, *bindings = json_array();
        char trust[SHA256_HEX_SIZE];
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; i < c->n_bindings; i++)
                (void) json_array_append_new(bindings, binding_to_json(c->bindings[i]));
        grant_trust_digest(t, trust);
        head = json_pack("{s:i, s:s, s:o}", "version", INDEX_VERSION, "trust", trust, "bindings", bindings);
        text = head ? json_dumps(head, JSON_COMPACT) : NULL;
        json_decref(head);
        if (!text)
                return -ENOMEM;
        put(o, text, strlen(text));
        put(o, "\n", 1);
        return 0;
}

static void put_claims(Out *o, const GrantStore *s, const GrantClaims *c)
{
        for (size_t i = 0; i < c->n && i < grant_store_size(s); i++) {
                const GrantClaim *claim = &c->claims[i];
                IndexEntry e = { .principal = claim->principal,
                                 .from_usec = claim->from_usec,
                                 .until_usec = claim->until_usec,
                                 .scope = claim->scope };

                if (!worth_it(claim))
                        continue;
                memcpy(e.digest, grant_store_get(s, i)->digest, sizeof(e.digest));
                while (c->bindings[e.binding] != claim->binding)
                        e.binding++;
                put(o, &e, sizeof(e));
        }
}

int grant_index_write(const GrantStore *s, const Trust *t, const GrantClaims *c)
{
        int dir_fd = grant_store_dir_fd(s), r;
        char digest[SHA256_HEX_SIZE];
        int fd = openat(dir_fd, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        Out o = {};

        if (fd < 0)
                return -errno;
        o.f = fdopen(fd, "we");
        if (!o.f) {
                safe_close(fd);
                return -ENOMEM;
        }
        sha256_init(&o.h);
        r = put_head(&o, t, c);
        if (r >= 0)
                put_claims(&o, s, c);
        sha256_final_hex(&o.h, digest);
        if (r >= 0 && (o.failed || fputs(digest, o.f) < 0 || fflush(o.f) != 0 || fsync(fileno(o.f)) < 0))
                r = -EIO;
        if (fclose(o.f) != 0 && r >= 0)
                r = -EIO;
        if (r >= 0 && renameat(dir_fd, TEMPORARY, dir_fd, INDEX_FILE) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(dir_fd, TEMPORARY, 0);
        return r;
}

/* ------------------------------------------------------------------- reading */

typedef struct In {
        const GrantStore *s;
        GrantClaims *c;
        Grant *about; /* what the bindings say, as grants */
        size_t n_about;
        json_t *head;
} In;

static int open_index(const GrantStore *s, FILE **ret, size_t *ret_entries)
{
        int fd = openat(grant_store_dir_fd(s), INDEX_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (fd < 0)
                return -errno;
        /* Whoever may write it could say that anything was verified. */
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) ||
            !(*ret = fdopen(fd, "re"))) {
                safe_close(fd);
                return -EPERM;
        }
        *ret_entries = (size_t) st.st_size;
        return 0;
}

static int read_head(In *in, const Trust *t, const char *line)
{
        char trust[SHA256_HEX_SIZE];
        const json_t *list;
        json_t *one;
        size_t i;

        in->head = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        grant_trust_digest(t, trust);
        list = json_object_get(in->head, "bindings");
        if (json_integer_value(json_object_get(in->head, "version")) != INDEX_VERSION ||
            !json_is_array(list) || !streq_ptr(json_string_value(json_object_get(in->head, "trust")), trust))
                return -ESTALE;
        in->about = calloc(json_array_size(list) + 1, sizeof(*in->about));
        if (!in->about)
                return -ENOMEM;
        json_array_foreach(list, i, one)
        {
                /* Those of sets are there to keep the numbers right; no entry names them. */
                if (binding_from_json(one, &in->about[i]) < 0)
                        in->about[i].workload = NULL;
        }
        in->n_about = json_array_size(list);
        return 0;
}

/* The entries are in the order of the store, but for what was verified later. */
static size_t take_entry(const In *in, const IndexEntry *e, size_t at)
{
        size_t n = MIN(grant_store_size(in->s), at + SEARCH_MAX);
        Grant g;

        while (at < n && memcmp(grant_store_get(in->s, at)->digest, e->digest, sizeof(e->digest)) != 0)
                at++;
        if (at == n || e->binding >= in->n_about || !in->about[e->binding].workload)
                return at;
        g = in->about[e->binding];
        if (grant_store_get(in->s, at)->kind != g.kind || grant_claims_set(in->c, at, &g) < 0)
                return at;
        in->c->claims[at].principal = e->principal;
        in->c->claims[at].from_usec = e->from_usec;
        in->c->claims[at].until_usec = e->until_usec;
        in->c->claims[at].scope = (uint8_t) e->scope;
        return at + 1;
}

static int read_entries(In *in, FILE *f, Sha256 *h, size_t n)
{
        char wanted[SHA256_HEX_SIZE] = "", found[SHA256_HEX_SIZE];
        size_t at = 0;

        for (size_t i = 0; i < n; i++) {
                IndexEntry e;
                size_t next;

                if (fread(&e, sizeof(e), 1, f) != 1)
                        return -EBADMSG;
                sha256_update(h, &e, sizeof(e));
                next = take_entry(in, &e, at);
                /* One that is not there any more: the next may still be where we stood. */
                at = next < MIN(grant_store_size(in->s), at + SEARCH_MAX) ? next : at;
        }
        sha256_final_hex(h, found);
        if (fread(wanted, SHA256_HEX_SIZE - 1, 1, f) != 1 || !streq(wanted, found))
                return -EBADMSG;
        return 0;
}

static size_t count_good(GrantClaims *c, bool undo)
{
        size_t n = 0;

        for (size_t i = 0; i < c->n; i++) {
                n += c->claims[i].state == CLAIM_GOOD;
                /* What is unread already is not touched: it costs no memory yet. */
                if (undo && c->claims[i].state != CLAIM_UNREAD)
                        c->claims[i].state = CLAIM_UNREAD;
        }
        return n;
}

size_t grant_index_read(const GrantStore *s, const Trust *t, GrantClaims *c)
{
        _cleanup_free_ char *line = NULL;
        _cleanup_fclose_ FILE *f = NULL;
        In in = { .s = s, .c = c };
        size_t size = 0, room = 0;
        ssize_t n;
        Sha256 h;
        int r;

        r = open_index(s, &f, &size);
        if (r < 0)
                return 0;
        n = getline(&line, &room, f);
        if (n <= 0 || (size - (size_t) n) % sizeof(IndexEntry) != (SHA256_HEX_SIZE - 1) % sizeof(IndexEntry))
                return 0;
        sha256_init(&h);
        sha256_update(&h, line, (size_t) n);
        r = read_head(&in, t, line);
        if (r >= 0)
                r = read_entries(&in, f, &h,
                                 (size - (size_t) n - (SHA256_HEX_SIZE - 1)) / sizeof(IndexEntry));
        free(in.about);
        json_decref(in.head);
        return count_good(c, r < 0) * (r >= 0);
}
