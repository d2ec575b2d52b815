/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a store of many grants costs the daemon at its start: reading the
 * ledger, verifying what no earlier run has verified, folding. Processor time,
 * since others run on the machine too; beside it the memory. tests/bench/store.sh
 * calls this and knows the marks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/grant-declare.h"
#include "lib/grant-index.h"
#include "lib/util-string.h"

#define WARDS 20U
#define NOW 1790000000000000ULL /* 2026-09-21T14:13:20Z */

/* Making a hundred thousand records must not wait for the disk for each of them. */
int fsync(int fd)
{
        return 0;
}

static void die(const char *what)
{
        fprintf(stderr, "store: %s: %s\n", what, strerror(errno));
        exit(1);
}

static double cpu_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

/* RssAnon, at this moment and without what it shares with files; or VmHWM, the most that it ever had. */
static long status_kb(const char *name)
{
        char line[256], format[32];
        long kb = 0;
        FILE *f = fopen("/proc/self/status", "re");

        snprintf(format, sizeof(format), "%s: %%ld", name);
        while (f && fgets(line, sizeof(line), f))
                if (sscanf(line, format, &kb) == 1)
                        break;
        if (f)
                fclose(f);
        return kb;
}

static char *record(unsigned i)
{
        char *text = NULL;

        /* A site of twenty workloads; every record is another person's. */
        if (string_printf(&text,
                          "{\"conforms_to\":\"https://w3id.org/dpv/schema/dpv-27560#record\",\"record_id\":"
                          "\"%08x-0000-4000-8000-000000000000\",\"jurisdiction\":\"KZ\",\"language\":\"kk\","
                          "\"operator\":{\"name\":\"Clinic "
                          "4\",\"bin\":\"123456789012\",\"address\":\"Astana\","
                          "\"contact\":\"dpo@clinic.kz\"},\"principal\":{\"id\":\"sha256:%08x%056x\","
                          "\"full_name_ref\":\"vault://%u\"},\"notice\":{\"uri\":\"https://clinic.kz/"
                          "notice\"},"
                          "\"purposes\":[\"emotion_recognition\"],\"data\":[\"FacialExpression\"],"
                          "\"lawful_basis\":\"ExplicitlyExpressedConsent\",\"third_parties\":{\"allowed\":"
                          "false},"
                          "\"cross_border\":{\"allowed\":false},\"publication\":false,\"storage\":{"
                          "\"locations\":"
                          "[\"KZ\"],\"retention\":\"P30D\"},\"valid\":{\"from\":\"2026-02-01T00:00:00Z\","
                          "\"until\":"
                          "\"2036-08-01T00:00:00Z\"},\"events\":[{\"state\":\"ConsentGiven\",\"time\":"
                          "\"2026-02-01T00:00:00Z\",\"by\":\"principal\"}],\"withdrawal\":{\"uri\":"
                          "\"https://clinic.kz/"
                          "w\"},\"binding\":{\"system_id\":\"ward-%u\",\"context\":\"other\","
                          "\"model_capabilities\":[\"emotion.face\"],\"devices\":[\"camera:video0\"],"
                          "\"subject_scope\":\"single\"}}",
                          i, i, i, i, i % WARDS) < 0)
                die("record");
        return text;
}

static void make(const char *dir, unsigned count, const TrustKey *key,
                 const unsigned char secret[crypto_sign_SECRETKEYBYTES])
{
        _cleanup_(grant_store_freep) GrantStore *s = NULL;

        if (grant_store_open(dir, true, &s, NULL) < 0)
                die(dir);
        for (unsigned i = 0; i < count; i++) {
                _cleanup_free_ char *text = record(i), *envelope = NULL;
                _cleanup_(grant_freep) Grant *g = NULL;
                GrantError e = {};

                if (grant_parse(GRANT_CONSENT, text, strlen(text), &g, &e) < 0 ||
                    envelope_make(GRANT_CONSENT, text, strlen(text), secret, &envelope) < 0 ||
                    grant_store_import(s, envelope, strlen(envelope), g, key, NOW, 0, &e) < 0)
                        die(grant_reason_sentence(e.reason));
        }
}

static void remove_store(const char *dir)
{
        _cleanup_free_ char *command = NULL;

        if (string_printf(&command, "rm -rf '%s'", dir) < 0 || system(command) != 0)
                die(dir);
}

/* The policy of that site. */
static PolicyTables *compile(ModelcapSet **ret_modelcaps)
{
        char baseline[] = "policies/baseline.yaml", kz[] = "policies/kz.yaml";
        char *files[] = { baseline, kz, NULL, NULL };
        PolicySources sources = { .files = files, .host_mode = POLICY_MODE_ENFORCE };
        char name[] = "/tmp/aiguard-bench-XXXXXX.yaml";
        PolicyTables *t = NULL;
        Policy *p = NULL;
        Diag *diag = NULL;
        FILE *f = fdopen(mkstemps(name, 5), "we");

        if (!f)
                die(name);
        fputs("aiguard: 1\nworkloads:\n", f);
        for (unsigned i = 0; i < WARDS; i++)
                fprintf(f, "  ward-%u: { jurisdiction: kz, context: other, match: { unit: w%u.service } }\n",
                        i, i);
        fclose(f);
        files[2] = name;
        if (diag_new(&diag) < 0 || modelcap_set_load("policies/modelcaps", diag, ret_modelcaps) < 0 ||
            policy_load(&sources, *ret_modelcaps, diag, &p) < 0 ||
            policy_compile(p, *ret_modelcaps, diag, &t) < 0) {
                diag_print(diag, stderr);
                die("policy");
        }
        unlink(name);
        policy_free(p);
        diag_free(diag);
        return t;
}

static size_t one_device(void *userdata, const char *kind, const char *name, uint32_t *ret, size_t max)
{
        ret[0] = AG_DEV(81, 0);
        return 1;
}

static void fold_all(const GrantStore *s, const GrantClaims *claims, const PolicyTables *tables,
                     const ModelcapSet *m)
{
        GrantFoldInput in = { .claims = claims,
                              .store = s,
                              .tables = tables,
                              .modelcaps = m,
                              .now_usec = NOW,
                              .devices = one_device };
        GrantKey *keys = NULL;
        uint64_t next = 0;
        size_t n = 0;

        /* Each ward has a camera, and three columns of the capability. */
        if (grant_fold(&in, &keys, &n, &next) < 0 || n != (size_t) WARDS * 4)
                die("fold");
        free(keys);
}

/* As the daemon starts: what is remembered, the rest verified, folded. Prints milliseconds of the processor and KB. */
static void start(const char *dir, const Trust *trust)
{
        _cleanup_(grant_store_freep) GrantStore *s = NULL;
        ModelcapSet *modelcaps = NULL;
        PolicyTables *tables = compile(&modelcaps);
        long before = status_kb("RssAnon");
        double begun = cpu_ms(), opened, loaded, folded;
        GrantClaims claims = {};
        size_t known;

        if (grant_store_open(dir, true, &s, NULL) < 0 ||
            grant_claims_reserve(&claims, grant_store_size(s) - 1) < 0)
                die("open");
        opened = cpu_ms();
        known = grant_index_read(s, trust, &claims);
        for (size_t i = 0; i < grant_store_size(s); i++) {
                GrantError e = {};

                if (claims.claims[i].state == CLAIM_UNREAD &&
                    grant_claims_load(&claims, i, s, trust, &e) < 0)
                        die(grant_reason_sentence(e.reason));
        }
        loaded = cpu_ms();
        fold_all(s, &claims, tables, modelcaps);
        folded = cpu_ms();
        printf("ledger=%.0f load=%.0f fold=%.0f known=%zu kb=%ld peak_kb=%ld\n", opened - begun,
               loaded - opened, folded - loaded, known, status_kb("RssAnon") - before, status_kb("VmHWM"));
        if (known < grant_store_size(s) && grant_index_write(s, trust, &claims) < 0)
                die("index");
        grant_claims_done(&claims);
        policy_tables_free(tables);
        modelcap_set_free(modelcaps);
}

static Trust *trust_one(unsigned char secret[crypto_sign_SECRETKEYBYTES])
{
        unsigned char seed[crypto_sign_SEEDBYTES] = { 1 };
        Trust *trust = NULL;
        TrustKey *key;

        if (trust_new(&trust) < 0)
                die("trust");
        key = &trust->keys[trust->n++];
        crypto_sign_seed_keypair(key->public_key, secret, seed);
        trust_key_id(key->public_key, key->id);
        key->name = strdup("bench");
        key->kinds = 1U << GRANT_CONSENT;
        key->until_usec = UINT64_MAX;
        (void) strv_extend(&key->workloads, "*");
        (void) strv_extend(&key->capabilities, "*");
        return trust;
}

/* For trust.d. */
static void print_key(const TrustKey *k)
{
        char text[sodium_base64_ENCODED_LEN(crypto_sign_PUBLICKEYBYTES, sodium_base64_VARIANT_ORIGINAL)];

        sodium_bin2base64(text, sizeof(text), k->public_key, sizeof(k->public_key),
                          sodium_base64_VARIANT_ORIGINAL);
        printf("[Key]\nPublicKey=%s\nGrants=consent\nWorkloads=*\nCapabilities=*\nUntil=2095-01-01\n", text);
}

int main(int argc, char **argv)
{
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
        Trust *trust = trust_one(secret);

        if (argc == 4 && streq(argv[1], "make") && atoi(argv[2]) > 0)
                make(argv[3], (unsigned) atoi(argv[2]), &trust->keys[0], secret);
        else if (argc == 3 && streq(argv[1], "start"))
                start(argv[2], trust);
        else if (argc == 3 && streq(argv[1], "remove"))
                remove_store(argv[2]);
        else if (argc == 2 && streq(argv[1], "key"))
                print_key(&trust->keys[0]);
        else {
                fprintf(stderr,
                        "usage: store make COUNT DIR\n       store start DIR\n       store remove DIR\n"
                        "       store key\n");
                return 2;
        }
        trust_free(trust);
        return 0;
}
