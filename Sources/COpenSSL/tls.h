#pragma once

// Most settings of a TLS context are macros in OpenSSL, which Swift cannot call.

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// A context with what we allow on either side: TLS 1.2 and 1.3, suites with forward secrecy and
// authenticated encryption only (HTTP/2 forbids the others), no compression, no renegotiation.
// Sessions are never resumed, so that every connection is verified anew against the files of the day.
// NULL: OpenSSL cannot make one.
static inline SSL_CTX *lehr_tls_context_new(int is_server) {
    SSL_CTX *context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    if (context == NULL) return NULL;
    SSL_CTX_set_options(
        context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET
                     | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // A connection at rest keeps no buffers. The chain that is sent is that of the file.
    SSL_CTX_set_mode(
        context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                     | SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    // At least 112 bits: RSA from 2048, no SHA-1.
    SSL_CTX_set_security_level(context, 2);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1
        || SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1
        || SSL_CTX_set_num_tickets(context, 0) != 1
        // The fastest first, where the processor has AES.
        || SSL_CTX_set_cipher_list(
               context,
               "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
               "ECDHE+AESGCM:ECDHE+CHACHA20") != 1
        || SSL_CTX_set_ciphersuites(
               context,
               "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") != 1
        || SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

static inline int lehr_tls_add_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

static inline int lehr_tls_set_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

// The URI number `index` among the alternative names of a certificate, which `names` holds; its bytes
// are not terminated. NULL: that name is not a URI, or there is none.
static inline const unsigned char *lehr_tls_uri(const GENERAL_NAMES *names, int index, int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name == NULL || name->type != GEN_URI) return NULL;
    *count = ASN1_STRING_length(name->d.uniformResourceIdentifier);
    return ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
}
