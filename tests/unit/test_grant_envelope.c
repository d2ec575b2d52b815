/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: signatures: over the exact bytes, by a key that may sign that, then. Others' envelopes verify as well. */
#include <fcntl.h>
#include <sys/stat.h>

#include "grant-fixture.h"
#include "lib/grant-envelope.h"
#include "temporary.h"

#define FIXTURES "tests/unit/fixtures/consent"
#define NOW 1790000000000000ULL   /* September 2026 */
#define LATER 2090000000000000ULL /* 2036 */

typedef struct World {
        char dir[64];
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
        char *public_text;
        Trust *trust;
        Diag *diag;
} World;

static void write_key(World *w, const char *name, const char *format, ...) _printf_(3, 4);
static void write_key(World *w, const char *name, const char *format, ...)
{
        _cleanup_free_ char *path = NULL;
        va_list ap;
        FILE *f;

        cr_assert_eq(string_printf(&path, "%s/%s", w->dir, name), 0);
        f = fopen(path, "we");
        va_start(ap, format);
        vfprintf(f, format, ap);
        va_end(ap);
        fclose(f);
        cr_assert_eq(chmod(path, 0644), 0);
}

static void load(World *w)
{
        trust_free(w->trust);
        diag_free(w->diag);
        cr_assert_eq(diag_new(&w->diag), 0);
        cr_assert_eq(trust_load(w->dir, w->diag, &w->trust), 0);
}

#define KEY_TEXT                                                                         \
        "[Key]\nPublicKey=%s\nGrants=consent\nWorkloads=clinic\nCapabilities=emotion.* " \
        "camera\nUntil=2035-12-31\n"

static void begin(World *w)
{
        _cleanup_free_ char *pem = NULL;

        *w = (World){ .dir = "/tmp/aiguard-test-XXXXXX" };
        cr_assert_not_null(mkdtemp(w->dir));
        cr_assert_eq(trust_key_make(&pem, &w->public_text), 0);
        cr_assert_eq(trust_secret_parse(pem, strlen(pem), w->secret), 0);
        write_key(w, "a.key", KEY_TEXT, w->public_text);
        load(w);
}

static void end(World *w)
{
        trust_free(w->trust);
        diag_free(w->diag);
        free(w->public_text);
        remove_tree(w->dir);
}

static char *sign(World *w, GrantKind kind, const char *payload)
{
        char *text = NULL;

        cr_assert_eq(envelope_make(kind, payload, strlen(payload), w->secret, &text), 0);
        return text;
}

static void expect(World *w, const char *text, size_t size, uint64_t at, const char *wanted)
{
        char code[GRANT_CODE_MAX];
        const TrustKey *k = NULL;
        GrantError e = {};
        Grant *g = NULL;
        int r = grant_verify(text, size, w->trust, at, &g, &k, &e);

        grant_error_code(&e, code);
        cr_assert_not_null(startswith(r < 0 ? code : "ok", wanted), "%s, not %s", code, wanted);
        cr_assert_eq(!g, r < 0);
        grant_free(g);
}

Test(grant_envelope, what_is_signed_verifies)
{
        _cleanup_free_ char *payload = grant_changed(CONSENT, NULL), *text = NULL;
        World w;

        begin(&w);
        text = sign(&w, GRANT_CONSENT, payload);
        expect(&w, text, strlen(text), NOW, "ok");
        end(&w);
}

Test(grant_envelope, made_by_another_tool)
{
        _cleanup_free_ char *text = NULL;
        const TrustKey *k = NULL;
        GrantError e = {};
        Grant *g = NULL;
        World w;
        size_t n;

        begin(&w);
        trust_free(w.trust);
        cr_assert_eq(trust_load(FIXTURES, w.diag, &w.trust), 0);
        cr_assert_eq(w.trust->n, 1);
        cr_assert_eq(read_file_capped(AT_FDCWD, FIXTURES "/openssl.dsse.json", GRANT_BYTES_MAX, &text, &n),
                     0);
        cr_assert_eq(grant_verify(text, n, w.trust, NOW, &g, &k, &e), 0);
        cr_assert_str_eq(k->name, "openssl");
        cr_assert_str_eq(g->id, ID_A);
        grant_free(g);
        end(&w);
}

Test(grant_envelope, any_changed_byte_is_seen)
{
        _cleanup_free_ char *payload = grant_changed(CONSENT, NULL);
        size_t size = strlen(payload);
        World w;

        begin(&w);
        for (size_t i = 0; i < size; i += 11) {
                _cleanup_free_ char *text = sign(&w, GRANT_CONSENT, payload), *other = NULL, *forged = NULL;
                json_t *a = json_loads(text, 0, NULL), *b;

                payload[i] ^= 1;
                other = sign(&w, GRANT_CONSENT, payload);
                payload[i] ^= 1;
                b = json_loads(other, 0, NULL);
                cr_assert_eq(json_object_set(a, "payload", json_object_get(b, "payload")), 0);
                json_decref(b);
                forged = grant_text(a);
                expect(&w, forged, strlen(forged), NOW, "bad_signature");
        }
        end(&w);
}

Test(grant_envelope, the_kind_is_signed_as_well)
{
        _cleanup_free_ char *payload = grant_changed(CONSENT, NULL), *text = NULL, *forged = NULL;
        json_t *o;
        World w;

        begin(&w);
        text = sign(&w, GRANT_CONSENT, payload);
        o = json_loads(text, 0, NULL);
        json_object_set_new(o, "payloadType", json_string(grant_payload_type(GRANT_EXCEPTION)));
        forged = grant_text(o);
        expect(&w, forged, strlen(forged), NOW, "bad_signature");
        end(&w);
}

Test(grant_envelope, keys_have_a_scope_and_an_end)
{
        _cleanup_free_ char *other = grant_changed(CONSENT, "binding.system_id", "'prison'", NULL);
        _cleanup_free_ char *voice =
                        grant_changed(CONSENT, "binding.model_capabilities", "['biometric.face']", NULL);
        _cleanup_free_ char *mic =
                        grant_changed(CONSENT, "binding.devices", "['microphone:pcmC0D0c']", NULL);
        _cleanup_free_ char *payload = grant_changed(CONSENT, NULL),
                            *exception = grant_changed(EXCEPTION, NULL);
        _cleanup_free_ char *a = NULL, *b = NULL, *c = NULL, *d = NULL, *e = NULL;
        World w;

        begin(&w);
        a = sign(&w, GRANT_CONSENT, other);
        b = sign(&w, GRANT_CONSENT, voice);
        c = sign(&w, GRANT_CONSENT, mic);
        d = sign(&w, GRANT_EXCEPTION, exception);
        e = sign(&w, GRANT_CONSENT, payload);
        expect(&w, a, strlen(a), NOW, "key_scope:prison");
        expect(&w, b, strlen(b), NOW, "key_scope:biometric.face");
        expect(&w, c, strlen(c), NOW, "key_scope:microphone");
        expect(&w, d, strlen(d), NOW, "key_scope:exception");
        expect(&w, e, strlen(e), LATER, "key_expired:a");
        write_key(&w, "a.key", KEY_TEXT "Revoked=yes\n", w.public_text);
        load(&w);
        expect(&w, e, strlen(e), NOW, "key_revoked:a");
        write_key(&w, "a.key", "[Key]\n");
        load(&w);
        expect(&w, e, strlen(e), NOW, "key_unknown:");
        end(&w);
}

Test(grant_envelope, envelopes_that_are_none)
{
        static const struct {
                const char *text, *wanted;
        } cases[] = {
                { "{}", "bad_envelope" },
                { "{\"record_id\": \"x\"}", "unsigned" },
                { "{\"payload\": \"\", \"payloadType\": \"x\", \"signatures\": []}", "unsigned" },
                { "{\"payload\": \"\", \"payloadType\": \"x\"}", "unsigned" },
                { "{\"payload\": \"\", \"payloadType\": 1, \"signatures\": [{}]}",
                  "bad_envelope:payloadType" },
                { "{\"payload\": \"\", \"payloadType\": \"x\", \"signatures\": [{}]}",
                  "unknown_payload_type:x" },
                { "{\"payload\": 1, \"payloadType\": \"application/vnd.aiguard.consent+json\", "
                  "\"signatures\": [{}]}",
                  "bad_envelope:payload" },
                { "{\"payload\": \"*\", \"payloadType\": \"application/vnd.aiguard.consent+json\", "
                  "\"signatures\": [{}]}",
                  "bad_envelope:payload" },
                { "{\"payload\": \"e30=\", \"payloadType\": \"application/vnd.aiguard.consent+json\", "
                  "\"signatures\": [{}]}",
                  "bad_envelope:signatures" },
                { "{\"payload\": \"e30=\", \"payloadType\": \"application/vnd.aiguard.consent+json\", "
                  "\"signatures\": [{\"sig\": \"AAAA\"}]}",
                  "bad_signature:signatures" },
                { "{\"payload\": \"\", \"payload\": \"\"}", "duplicate_key:line 1" },
                { "", "truncated" },
                { "[]", "wrong_type" },
        };
        World w;

        begin(&w);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                expect(&w, cases[i].text, strlen(cases[i].text), NOW, cases[i].wanted);
        end(&w);
}

Test(grant_envelope, files_that_are_no_keys)
{
        static const char *const lines[] = {
                "Grants=consent\nWorkloads=*\nCapabilities=*\nUntil=2035-01-01\n", /* no key */
                "PublicKey=%s\nWorkloads=*\nCapabilities=*\nUntil=2035-01-01\n",
                "PublicKey=%s\nGrants=consent\nCapabilities=*\nUntil=2035-01-01\n",
                "PublicKey=%s\nGrants=consent\nWorkloads=*\nUntil=2035-01-01\n",
                "PublicKey=%s\nGrants=consent\nWorkloads=*\nCapabilities=*\n",
                "PublicKey=%s\nGrants=consnt\nWorkloads=*\nCapabilities=*\nUntil=2035-01-01\n",
                "PublicKey=%s\nGrants=consent\nWorkloads=*\nCapabilities=*\nUntil=soon\n",
                "PublicKey=%s\nGrants=consent\nWorkloads=*\nCapabilities=*\nUntil=2035-01-01\nRevokd=yes\n",
                "PublicKey=AAAA\nGrants=consent\nWorkloads=*\nCapabilities=*\nUntil=2035-01-01\n",
        };
        World w;

        begin(&w);
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                _cleanup_free_ char *text = NULL;
                const char *at = strstr(lines[i], "%s");

                cr_assert_eq(string_printf(&text, "[Key]\n%.*s%s%s", at ? (int) (at - lines[i]) : 0,
                                           lines[i], at ? w.public_text : "", at ? at + 2 : lines[i]),
                             0);
                write_key(&w, "a.key", "%s", text);
                load(&w);
                cr_assert_eq(w.trust->n, 0, "%s", text);
                cr_assert_geq(diag_count(w.diag, DIAG_ERROR) + diag_count(w.diag, DIAG_WARNING), 1, "%s",
                              text);
        }
        end(&w);
}

Test(grant_envelope, a_key_that_others_may_write_is_none)
{
        _cleanup_free_ char *path = NULL;
        World w;

        begin(&w);
        cr_assert_eq(w.trust->n, 1);
        cr_assert_eq(string_printf(&path, "%s/a.key", w.dir), 0);
        cr_assert_eq(chmod(path, 0664), 0);
        load(&w);
        cr_assert_eq(w.trust->n, 0);
        end(&w);
}

Test(grant_envelope, secrets_that_are_none)
{
        static const char *const texts[] = {
                "", "-----BEGIN PRIVATE KEY-----\n",
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        };
        unsigned char secret[crypto_sign_SECRETKEYBYTES];

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                cr_assert_eq(trust_secret_parse(texts[i], strlen(texts[i]), secret), -EBADMSG);
}
