/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: envelopes: parsed, verified, made. The payload is not looked into
 * before its signature holds. Pure but for the memory. Called by the store, by
 * `aiguardctl consent` and by the fuzzer.
 */
#include "lib/grant-envelope.h"

#include <string.h>

#include "lib/grant-json.h"
#include "lib/util-string.h"

Envelope *envelope_free(Envelope *v)
{
        if (!v)
                return NULL;
        free(v->payload);
        free(v);
        return NULL;
}

/* The standard allows both alphabets. -1: neither. */
static int from_base64(const char *text, unsigned char *bytes, size_t max, size_t *ret_n)
{
        static const int variants[] = { sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_URLSAFE,
                                        sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
                                        sodium_base64_VARIANT_URLSAFE_NO_PADDING };

        for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
                if (sodium_base642bin(bytes, max, text, strlen(text), NULL, ret_n, NULL, variants[i]) == 0)
                        return 0;
        return -1;
}

static int read_payload(const GrantObject *top, Envelope *v)
{
        const json_t *payload = json_object_get(top->o, "payload");
        size_t max;

        if (!json_is_string(payload))
                return grant_json_fail(top, GRANT_BAD_ENVELOPE, "payload");
        max = json_string_length(payload) / 4 * 3 + 3;
        v->payload = malloc(max + 1);
        if (!v->payload)
                return -ENOMEM;
        if (from_base64(json_string_value(payload), (unsigned char *) v->payload, max, &v->payload_size) < 0)
                return grant_json_fail(top, GRANT_BAD_ENVELOPE, "payload");
        v->payload[v->payload_size] = '\0';
        return 0;
}

static int read_signatures(const GrantObject *top, const json_t *list, Envelope *v)
{
        json_t *one;
        size_t i;

        json_array_foreach(list, i, one)
        {
                const json_t *sig = json_object_get(one, "sig"), *key_id = json_object_get(one, "keyid");
                EnvelopeSignature *s = &v->signatures[v->n_signatures];
                size_t n = 0;

                if (!json_is_string(sig) || (key_id && !json_is_string(key_id) && !json_is_null(key_id)))
                        return grant_json_fail(top, GRANT_BAD_ENVELOPE, "signatures");
                if (v->n_signatures == ENVELOPE_SIGNATURES_MAX)
                        return grant_json_fail(top, GRANT_BAD_ENVELOPE, "signatures");
                /* Somebody else's signature, of another kind, may stand beside ours. */
                if (from_base64(json_string_value(sig), s->bytes, sizeof(s->bytes), &n) < 0 ||
                    n != sizeof(s->bytes))
                        continue;
                if (json_is_string(key_id) && json_string_length(key_id) < sizeof(s->key_id))
                        strcpy(s->key_id, json_string_value(key_id));
                v->n_signatures++;
        }
        return v->n_signatures > 0 ? 0 : grant_json_fail(top, GRANT_BAD_SIGNATURE, "signatures");
}

static int read_envelope(const GrantObject *top, Envelope *v)
{
        const json_t *type = json_object_get(top->o, "payloadType"),
                     *list = json_object_get(top->o, "signatures");
        int kind, r;

        if (!json_object_get(top->o, "payload") && !type && !list)
                return grant_json_fail(top,
                                       json_object_get(top->o, "record_id") ? GRANT_UNSIGNED
                                                                            : GRANT_BAD_ENVELOPE,
                                       "");
        if (!json_is_string(type))
                return grant_json_fail(top, GRANT_BAD_ENVELOPE, "payloadType");
        if (list && !json_is_array(list))
                return grant_json_fail(top, GRANT_BAD_ENVELOPE, "signatures");
        if (json_array_size(list) == 0)
                return grant_json_fail(top, GRANT_UNSIGNED, "");
        kind = grant_kind_from_payload_type(json_string_value(type));
        if (kind < 0)
                return grant_json_fail(top, GRANT_UNKNOWN_TYPE, json_string_value(type));
        v->kind = (GrantKind) kind;
        r = read_payload(top, v);
        return r < 0 ? r : read_signatures(top, list, v);
}

int envelope_parse(const char *text, size_t size, Envelope **ret, GrantError *e)
{
        _cleanup_(envelope_freep) Envelope *v = calloc(1, sizeof(*v));
        GrantObject top = { .path = "", .e = e };
        json_t *o = NULL;
        int r;

        if (!v)
                return -ENOMEM;
        r = grant_json_load(text, size, &o, e);
        if (r < 0)
                return r;
        top.o = o;
        r = read_envelope(&top, v);
        json_decref(o);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(v);
        return 0;
}

/* Pre-authentication encoding: what is signed. */
static int encode(GrantKind kind, const char *payload, size_t size, unsigned char **ret, size_t *ret_size)
{
        const char *type = grant_payload_type(kind);
        char head[160];
        int n = snprintf(head, sizeof(head), "DSSEv1 %zu %s %zu ", strlen(type), type, size);

        *ret = malloc((size_t) n + size);
        if (!*ret)
                return -ENOMEM;
        memcpy(*ret, head, (size_t) n);
        memcpy(*ret + n, payload, size);
        *ret_size = (size_t) n + size;
        return 0;
}

static const TrustKey *who_signed(const Envelope *v, const Trust *t, const unsigned char *text, size_t n,
                                  bool *ret_hinted)
{
        for (size_t i = 0; i < v->n_signatures; i++)
                for (size_t k = 0; k < t->n; k++) {
                        const EnvelopeSignature *s = &v->signatures[i];

                        if (crypto_sign_verify_detached(s->bytes, text, n, t->keys[k].public_key) == 0)
                                return &t->keys[k];
                        if (streq(s->key_id, t->keys[k].id))
                                *ret_hinted = true;
                }
        return NULL;
}

int envelope_verify(const Envelope *v, const Trust *t, uint64_t at_usec, const TrustKey **ret, GrantError *e)
{
        _cleanup_free_ unsigned char *text = NULL;
        bool hinted = false;
        const TrustKey *k;
        size_t n;
        int r = encode(v->kind, v->payload, v->payload_size, &text, &n);

        if (r < 0)
                return r;
        k = who_signed(v, t, text, n, &hinted);
        if (!k)
                return grant_fail(e, hinted ? GRANT_BAD_SIGNATURE : GRANT_KEY_UNKNOWN,
                                  hinted ? NULL : v->signatures[0].key_id);
        if (k->revoked)
                return grant_fail(e, GRANT_KEY_REVOKED, k->name);
        if (at_usec >= k->until_usec)
                return grant_fail(e, GRANT_KEY_EXPIRED, k->name);
        *ret = k;
        return 0;
}

static char *to_base64(const void *bytes, size_t n)
{
        size_t size = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
        char *text = malloc(size);

        return text ? sodium_bin2base64(text, size, bytes, n, sodium_base64_VARIANT_ORIGINAL) : NULL;
}

/* One signature as it stands in an envelope. New reference; NULL: no memory. */
static json_t *make_signature(GrantKind kind, const char *payload, size_t size,
                              const unsigned char secret[crypto_sign_SECRETKEYBYTES])
{
        unsigned char signature[crypto_sign_BYTES], public_key[crypto_sign_PUBLICKEYBYTES];
        _cleanup_free_ unsigned char *text = NULL;
        _cleanup_free_ char *sig = NULL;
        char id[TRUST_KEY_ID_MAX];
        size_t n;

        if (encode(kind, payload, size, &text, &n) < 0 ||
            crypto_sign_detached(signature, NULL, text, n, secret) < 0 ||
            crypto_sign_ed25519_sk_to_pk(public_key, secret) < 0)
                return NULL;
        trust_key_id(public_key, id);
        sig = to_base64(signature, sizeof(signature));
        return sig ? json_pack("{s:s, s:s}", "keyid", id, "sig", sig) : NULL;
}

/* Takes the array. */
static int print_envelope(GrantKind kind, const char *payload, size_t size, json_t *signatures, char **ret)
{
        _cleanup_free_ char *body = to_base64(payload, size);
        json_t *o = body ? json_pack("{s:s, s:s, s:o}", "payload", body, "payloadType",
                                     grant_payload_type(kind), "signatures", signatures)
                         : NULL;

        if (!body)
                json_decref(signatures);
        *ret = o ? json_dumps(o, JSON_COMPACT) : NULL;
        json_decref(o);
        return *ret ? 0 : -ENOMEM;
}

int envelope_make(GrantKind kind, const char *payload, size_t size,
                  const unsigned char secret[crypto_sign_SECRETKEYBYTES], char **ret)
{
        json_t *list = json_array();

        if (json_array_append_new(list, make_signature(kind, payload, size, secret)) < 0) {
                json_decref(list);
                return -ENOMEM;
        }
        return print_envelope(kind, payload, size, list, ret);
}

int envelope_add_signature(const char *text, size_t size,
                           const unsigned char secret[crypto_sign_SECRETKEYBYTES], char **ret, GrantError *e)
{
        _cleanup_(envelope_freep) Envelope *v = NULL;
        json_t *o = NULL, *list;
        int r = envelope_parse(text, size, &v, e);

        if (r >= 0)
                r = grant_json_load(text, size, &o, e);
        if (r < 0)
                return r;
        list = json_incref(json_object_get(o, "signatures"));
        json_decref(o);
        if (json_array_append_new(list, make_signature(v->kind, v->payload, v->payload_size, secret)) < 0) {
                json_decref(list);
                return -ENOMEM;
        }
        return print_envelope(v->kind, v->payload, v->payload_size, list, ret);
}

static bool signed_by(const Envelope *v, const TrustKey *k, const unsigned char *text, size_t n)
{
        for (size_t i = 0; i < v->n_signatures; i++)
                if (crypto_sign_verify_detached(v->signatures[i].bytes, text, n, k->public_key) == 0)
                        return true;
        return false;
}

/* Somebody known has signed it, whatever that is worth now. */
static bool is_trusted(const GrantError *e)
{
        return e->reason == GRANT_KEY_REVOKED || e->reason == GRANT_KEY_EXPIRED;
}

/* Root of this host, a key of trust.d, or both: what it is worth, others decide. */
static int verify_declaration(const Envelope *v, const Trust *t, uint64_t at_usec, Grant *g,
                              const TrustKey **ret, GrantError *e)
{
        _cleanup_free_ unsigned char *text = NULL;
        const TrustKey *host = NULL, *other = NULL;
        size_t n;
        int r = encode(v->kind, v->payload, v->payload_size, &text, &n);

        for (size_t i = 0; i < t->n && r >= 0; i++) {
                const TrustKey *k = &t->keys[i];

                if (!signed_by(v, k, text, n))
                        continue;
                if (k->host)
                        host = k;
                else if (!k->revoked && at_usec < k->until_usec && trust_key_allows(k, g, NULL) >= 0)
                        other = k;
        }
        if (r < 0)
                return r;
        /* The host's own key in trust.d makes one person no two. */
        if (host && other && streq(host->id, other->id))
                other = NULL;
        if (!host && !other) {
                r = envelope_verify(v, t, at_usec, ret, e);
                return r < 0 ? r : trust_key_allows(*ret, g, e);
        }
        g->declaration->by_root = host != NULL;
        g->declaration->second = other != NULL;
        *ret = other ? other : host;
        return 0;
}

int grant_verify(const char *text, size_t size, const Trust *t, uint64_t at_usec, Grant **ret,
                 const TrustKey **ret_key, GrantError *e)
{
        _cleanup_(envelope_freep) Envelope *v = NULL;
        _cleanup_(grant_freep) Grant *g = NULL;
        const TrustKey *k = NULL;
        GrantError unused = {};
        int r;

        e = e ? e : &unused;
        if ((r = envelope_parse(text, size, &v, e)) < 0)
                return r;
        /* Beside a key that is over or revoked, root's may stand. */
        r = envelope_verify(v, t, at_usec, &k, e);
        if (r == -EBADMSG && v->kind == GRANT_DECLARATION && is_trusted(e))
                r = 0;
        if (r >= 0)
                r = grant_parse(v->kind, v->payload, v->payload_size, &g, e);
        if (r >= 0)
                r = g->declaration ? verify_declaration(v, t, at_usec, g, &k, e) : trust_key_allows(k, g, e);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(g);
        *ret_key = k;
        return 0;
}
