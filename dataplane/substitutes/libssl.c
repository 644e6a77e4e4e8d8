/* OpenSSL 3 renamed this function; Debian's Orthanc still looks up the old name, in libssl.so, at its first HTTPS request.
   https://github.com/civetweb/civetweb/issues/1334 */
extern void *SSL_get1_peer_certificate(const void *connection);
void *SSL_get_peer_certificate(const void *connection) { return SSL_get1_peer_certificate(connection); }
