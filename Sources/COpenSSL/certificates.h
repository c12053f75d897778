#pragma once

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Macros and variadic functions, which Swift does not import.

static inline EVP_PKEY *lehr_generate_p256(void) {
    return EVP_EC_gen("P-256");
}

static inline long lehr_bio_bytes(BIO *bio, char **bytes) {
    return BIO_get_mem_data(bio, bytes);
}

/// An extension of `subject` as OpenSSL's configuration files write it; NULL: the text is wrong.
static inline X509_EXTENSION *lehr_extension(
    X509 *issuer, X509 *subject, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, subject, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    return X509V3_EXT_nconf_nid(NULL, &context, kind, value);
}

static inline int lehr_names_count(const GENERAL_NAMES *names) {
    return sk_GENERAL_NAME_num(names);
}

static inline GENERAL_NAME *lehr_name_at(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

static inline int lehr_add_to_name(X509_NAME *name, const char *field, const char *text) {
    return X509_NAME_add_entry_by_txt(
        name, field, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0);
}
