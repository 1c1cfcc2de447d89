//! Who may connect and do what: TLS, SASL, delegation tokens.

use crate::config::definition::broker_settings;

broker_settings! {
    SECURITY
    // name, type, default, importance, can be changed, values
    "authorizer.class.name"                              string   ""               low    fixed      any;
    "connection.failed.authentication.delay.ms"          int      "100"            low    fixed      at_least(0);
    "connections.max.reauth.ms"                          long     "0"              medium fixed      any;
    "delegation.token.expiry.check.interval.ms"          long     "3600000"        low    fixed      at_least(1);
    "delegation.token.expiry.time.ms"                    long     "86400000"       medium fixed      at_least(1);
    "delegation.token.max.lifetime.ms"                   long     "604800000"      medium fixed      at_least(1);
    "delegation.token.secret.key"                        password null             medium fixed      any;
    "principal.builder.class"                            class    "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder" medium per_broker any;
    "sasl.client.callback.handler.class"                 class    null             medium fixed      any;
    "sasl.enabled.mechanisms"                            list     "GSSAPI"         medium per_broker list;
    "sasl.jaas.config"                                   password null             medium per_broker any;
    "sasl.kerberos.kinit.cmd"                            string   "/usr/bin/kinit" medium per_broker any;
    "sasl.kerberos.min.time.before.relogin"              long     "60000"          medium per_broker any;
    "sasl.kerberos.principal.to.local.rules"             list     "DEFAULT"        medium per_broker list;
    "sasl.kerberos.service.name"                         string   null             medium per_broker any;
    "sasl.kerberos.ticket.renew.jitter"                  double   "0.05"           medium per_broker any;
    "sasl.kerberos.ticket.renew.window.factor"           double   "0.8"            medium per_broker any;
    "sasl.login.callback.handler.class"                  class    null             medium fixed      any;
    "sasl.login.class"                                   class    null             medium fixed      any;
    "sasl.login.connect.timeout.ms"                      int      null             low    fixed      any;
    "sasl.login.read.timeout.ms"                         int      null             low    fixed      any;
    "sasl.login.refresh.buffer.seconds"                  short    "300"            medium per_broker any;
    "sasl.login.refresh.min.period.seconds"              short    "60"             medium per_broker any;
    "sasl.login.refresh.window.factor"                   double   "0.8"            medium per_broker any;
    "sasl.login.refresh.window.jitter"                   double   "0.05"           medium per_broker any;
    "sasl.login.retry.backoff.max.ms"                    long     "10000"          low    fixed      any;
    "sasl.login.retry.backoff.ms"                        long     "100"            low    fixed      any;
    "sasl.mechanism.controller.protocol"                 string   "GSSAPI"         high   fixed      any;
    "sasl.mechanism.inter.broker.protocol"               string   "GSSAPI"         medium per_broker any;
    "sasl.oauthbearer.assertion.algorithm"               string   "RS256"          medium fixed      one_of_any_case(&["ES256", "RS256"]);
    "sasl.oauthbearer.assertion.claim.aud"               string   null             medium fixed      any;
    "sasl.oauthbearer.assertion.claim.exp.seconds"       int      "300"            low    fixed      between(0, 86400);
    "sasl.oauthbearer.assertion.claim.iss"               string   null             medium fixed      any;
    "sasl.oauthbearer.assertion.claim.jti.include"       boolean  "false"          medium fixed      any;
    "sasl.oauthbearer.assertion.claim.nbf.seconds"       int      "60"             low    fixed      between(0, 3600);
    "sasl.oauthbearer.assertion.claim.sub"               string   null             medium fixed      any;
    "sasl.oauthbearer.assertion.file"                    string   null             medium fixed      any;
    "sasl.oauthbearer.assertion.private.key.file"        string   null             medium fixed      any;
    "sasl.oauthbearer.assertion.private.key.passphrase"  password null             medium fixed      any;
    "sasl.oauthbearer.assertion.template.file"           string   null             medium fixed      any;
    "sasl.oauthbearer.client.credentials.client.id"      string   null             medium fixed      any;
    "sasl.oauthbearer.client.credentials.client.secret"  password null             medium fixed      any;
    "sasl.oauthbearer.clock.skew.seconds"                int      "30"             low    fixed      any;
    "sasl.oauthbearer.expected.audience"                 list     ""               high   fixed      list;
    "sasl.oauthbearer.expected.issuer"                   string   null             high   fixed      any;
    "sasl.oauthbearer.jwks.endpoint.refresh.ms"          long     "3600000"        low    fixed      any;
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms" long     "10000"          low    fixed      any;
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms"    long     "100"            low    fixed      any;
    "sasl.oauthbearer.jwks.endpoint.url"                 string   null             medium fixed      any;
    "sasl.oauthbearer.jwt.retriever.class"               class    "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever" medium fixed      any;
    "sasl.oauthbearer.jwt.validator.class"               class    "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator" medium fixed      any;
    "sasl.oauthbearer.scope"                             string   null             medium fixed      any;
    "sasl.oauthbearer.scope.claim.name"                  string   "scope"          low    fixed      any;
    "sasl.oauthbearer.sub.claim.name"                    string   "sub"            low    fixed      any;
    "sasl.oauthbearer.token.endpoint.url"                string   null             medium fixed      any;
    "sasl.server.callback.handler.class"                 class    null             medium fixed      any;
    "sasl.server.max.receive.size"                       int      "524288"         medium fixed      any;
    "security.inter.broker.protocol"                     string   "PLAINTEXT"      medium fixed      one_of(SECURITY_PROTOCOLS);
    "security.providers"                                 string   null             low    fixed      any;
    "ssl.allow.dn.changes"                               boolean  "false"          low    fixed      any;
    "ssl.allow.san.changes"                              boolean  "false"          low    fixed      any;
    "ssl.cipher.suites"                                  list     ""               medium per_broker list;
    "ssl.client.auth"                                    string   "none"           medium per_broker one_of(&["required", "requested", "none"]);
    "ssl.enabled.protocols"                              list     "TLSv1.2,TLSv1.3" medium per_broker list;
    "ssl.endpoint.identification.algorithm"              string   "https"          low    per_broker any;
    "ssl.engine.factory.class"                           class    null             low    per_broker any;
    "ssl.key.password"                                   password null             medium per_broker any;
    "ssl.keymanager.algorithm"                           string   "SunX509"        medium per_broker any;
    "ssl.keystore.certificate.chain"                     password null             medium per_broker any;
    "ssl.keystore.key"                                   password null             medium per_broker any;
    "ssl.keystore.location"                              string   null             medium per_broker any;
    "ssl.keystore.password"                              password null             medium per_broker any;
    "ssl.keystore.type"                                  string   "JKS"            medium per_broker any;
    "ssl.principal.mapping.rules"                        string   "DEFAULT"        low    fixed      any;
    "ssl.protocol"                                       string   "TLSv1.3"        medium per_broker any;
    "ssl.provider"                                       string   null             medium per_broker any;
    "ssl.secure.random.implementation"                   string   null             low    per_broker any;
    "ssl.trustmanager.algorithm"                         string   "PKIX"           medium per_broker any;
    "ssl.truststore.certificates"                        password null             medium per_broker any;
    "ssl.truststore.location"                            string   null             medium per_broker any;
    "ssl.truststore.password"                            password null             medium per_broker any;
    "ssl.truststore.type"                                string   "JKS"            medium per_broker any;
}

/// What `security.inter.broker.protocol` may be.
const SECURITY_PROTOCOLS: &[&str] = &["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];
