#include "config/parts.h"
#include <ctype.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include "model/zone.h"

enum { SYSTEM_NAME_MAX = 40, CONNECT_TIMEOUT_MS = 10000 };

enum status name_check(struct load *l, const struct node *at, const char *what, const char *name)
{
    bool good = isalnum((unsigned char)*name);
    for (const char *c = name; *c; c++)
        good &= isalnum((unsigned char)*c) || *c == '_' || *c == '-' || *c == '.';
    if (!good)
        return wrong(
            l, at,
            "\"%.60s\" is no name of %s, allowed: letters, digits, _, - and ., a letter or "
            "digit first",
            name, what);
    return STATUS_OK;
}

/* ---- PostgreSQL ---- */

/* What must not be in the string: roles and secrets come from elsewhere, the rest Millrace sets. */
static const char *refused_keyword(const char *keyword)
{
    static const char *const roles[] = {"user", "password", "sslpassword", "passfile"};
    static const char *const ours[] = {"replication", "application_name", "client_encoding",
                                       "fallback_application_name", "options"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (strcmp(keyword, roles[i]) == 0)
            return "user and password belong to capture and apply";
    }
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        if (strcmp(keyword, ours[i]) == 0)
            return "Millrace sets it itself";
    }
    return NULL;
}

/* Error texts of libpq may hold a part of the string, and so of a password: they are not shown. */
static enum status check_conninfo(struct load *l, const struct node *at)
{
    bool database = false;
    enum status status = STATUS_OK;
    PQconninfoOption *all = PQconninfoParse(at->text, NULL);
    if (!all)
        return wrong(l, at,
                     "postgresql must be a connection string like \"host=db.plant "
                     "dbname=erp sslmode=verify-full\"");
    for (PQconninfoOption *o = all; o->keyword && status == STATUS_OK; o++) {
        const char *why = o->val ? refused_keyword(o->keyword) : NULL;
        if (why)
            status = wrong(l, at, "postgresql: take \"%s\" out of the string: %s", o->keyword, why);
        database |= o->val && *o->val &&
                    (strcmp(o->keyword, "dbname") == 0 || strcmp(o->keyword, "service") == 0);
    }
    PQconninfoFree(all);
    if (status == STATUS_OK && !database)
        return wrong(l, at, "postgresql: the string names no database: add dbname=...");
    return status;
}

/* ---- MySQL and MariaDB ---- */

static enum status check_server(struct load *l, const struct form *f)
{
    const struct node *socket = f->given[SERVER_SOCKET];
    const struct node *host = f->given[SERVER_HOST], *port = f->given[SERVER_PORT];
    const struct node *ca = f->given[SERVER_CA];
    const char *tls = f->text[SERVER_TLS];
    if (!socket && !host)
        return wrong(l, f->at, "a server needs `host` or `socket`");
    if (socket && (host || port))
        return wrong(l, (host ? host : port)->key, "either socket, or host and port, not both");
    if (ca && tls && strcmp(tls, "off") == 0)
        return wrong(l, ca->key, "ca has no meaning with `tls: off`");
    return STATUS_OK;
}

static enum status read_server(struct load *l, const struct node *n, struct endpoint *e)
{
    struct form f;
    TRY(form_read(l, SCOPE_SERVER, n, &f));
    TRY(check_server(l, &f));
    e->host = f.text[SERVER_HOST];
    e->unix_socket = f.text[SERVER_SOCKET];
    e->port = e->unix_socket ? 0 : (int)f.number[SERVER_PORT];
    e->database = f.text[SERVER_DATABASE];
    e->tls = f.text[SERVER_TLS];
    e->tls_ca = f.text[SERVER_CA] ? path_beside(l, f.text[SERVER_CA]) : NULL;
    return STATUS_OK;
}

/* ---- a system ---- */

static const struct {
    enum option_id option;
    enum engine engine;
} engines[] = {
    {SYSTEM_POSTGRESQL, ENGINE_POSTGRES},
    {SYSTEM_MYSQL, ENGINE_MYSQL},
    {SYSTEM_MARIADB, ENGINE_MARIADB},
    {SYSTEM_NULL, ENGINE_NULL},
};

/* `null:` alone is `null: {}` */
static enum status read_null(struct load *l, const struct node *n, struct system *s)
{
    struct form f;
    if (node_is_null(n))
        return STATUS_OK;
    TRY(form_read(l, SCOPE_NULL, n, &f));
    s->from = f.given[NULL_FROM] ? f.text[NULL_FROM] : NULL;
    return STATUS_OK;
}

static enum status read_engine(struct load *l, const struct form *f, struct system *s,
                               struct endpoint *e)
{
    const struct node *found = NULL;
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        const struct node *n = f->given[engines[i].option];
        if (n && found)
            return wrong(l, n->key, "a system is one database: %s or %s, not both",
                         found->key->text, n->key->text);
        if (n) {
            found = n;
            s->engine = engines[i].engine;
        }
    }
    if (!found)
        return wrong(l, f->at,
                     "system %s says no database, allowed: postgresql, mysql, mariadb, "
                     "null",
                     s->name);
    *e = (struct endpoint){
        .engine = s->engine, .system = s->name, .connect_timeout_ms = CONNECT_TIMEOUT_MS};
    if (s->engine == ENGINE_NULL)
        return read_null(l, found, s);
    if (s->engine != ENGINE_POSTGRES)
        return read_server(l, found, e);
    e->conninfo = found->text;
    return check_conninfo(l, found);
}

static enum status read_role(struct load *l, const struct node *n, struct endpoint *e)
{
    struct form f;
    TRY(form_read(l, SCOPE_ROLE, n, &f));
    e->user = f.text[ROLE_USER];
    return secret_read(l, &f, &e->password);
}

static enum status read_roles(struct load *l, const struct form *f, struct system *s)
{
    const struct node *capture = f->given[SYSTEM_CAPTURE], *apply = f->given[SYSTEM_APPLY];
    s->has_capture = capture != NULL;
    s->has_apply = apply != NULL;
    if (s->engine == ENGINE_NULL && (capture || apply))
        return wrong(l, (capture ? capture : apply)->key, "null has no roles");
    if (capture)
        TRY(read_role(l, capture, &s->capture));
    return apply ? read_role(l, apply, &s->apply) : STATUS_OK;
}

static enum status check_zone(struct load *l, const struct form *f)
{
    const struct zone *zone;
    const struct node *n = f->given[SYSTEM_ZONE];
    if (!n || zone_load(n->text, &zone, l->failure) == STATUS_OK)
        return STATUS_OK;
    return fail_in(l->failure, "%s:%d:%d", l->config->path, n->line, n->column);
}

static enum status read_system(struct load *l, const struct node *n, struct system *s)
{
    struct form f;
    s->name = n->key->text;
    TRY(name_check(l, n->key, "a system", s->name));
    if (strlen(s->name) > SYSTEM_NAME_MAX)
        return wrong(l, n->key, "a system's name has %d characters at most", SYSTEM_NAME_MAX);
    TRY(form_read(l, SCOPE_SYSTEM, n, &f));
    TRY(read_engine(l, &f, s, &s->capture));
    s->apply = s->capture;
    TRY(check_zone(l, &f));
    s->zone = f.text[SYSTEM_ZONE];
    s->id = f.number[SYSTEM_ID];
    return read_roles(l, &f, s);
}

/* ---- two names for one database ---- */

static const char *conninfo_value(PQconninfoOption *all, const char *keyword)
{
    for (PQconninfoOption *o = all; o->keyword; o++) {
        if (strcmp(o->keyword, keyword) == 0)
            return o->val;
    }
    return NULL;
}

static bool same(const char *a, const char *b, const char *fallback)
{
    return strcmp(a && *a ? a : fallback, b && *b ? b : fallback) == 0;
}

static const char *plain_host(const char *host)
{
    static const char *const local[] = {"127.0.0.1", "::1", "localhost"};
    for (size_t i = 0; host && i < sizeof local / sizeof *local; i++) {
        if (strcasecmp(host, local[i]) == 0)
            return "localhost";
    }
    return host;
}

static bool same_conninfo(const char *a, const char *b)
{
    PQconninfoOption *x = PQconninfoParse(a, NULL), *y = PQconninfoParse(b, NULL);
    must(x && y); /* they were parsed before */
    bool equal =
        same(conninfo_value(x, "dbname"), conninfo_value(y, "dbname"), "") &&
        same(conninfo_value(x, "service"), conninfo_value(y, "service"), "") &&
        same(conninfo_value(x, "hostaddr"), conninfo_value(y, "hostaddr"), "") &&
        same(plain_host(conninfo_value(x, "host")), plain_host(conninfo_value(y, "host")), "") &&
        same(conninfo_value(x, "port"), conninfo_value(y, "port"), "5432");
    PQconninfoFree(x);
    PQconninfoFree(y);
    return equal;
}

/* A MySQL or MariaDB server is one system, whatever its databases: they share one binlog. */
static bool same_endpoint(const struct system *a, const struct system *b)
{
    const struct endpoint *x = &a->capture, *y = &b->capture;
    if (a->engine == ENGINE_NULL || b->engine == ENGINE_NULL)
        return false;
    if (a->engine == ENGINE_POSTGRES || b->engine == ENGINE_POSTGRES)
        return a->engine == b->engine && same_conninfo(x->conninfo, y->conninfo);
    return same(plain_host(x->host), plain_host(y->host), "") && x->port == y->port &&
           same(x->unix_socket, y->unix_socket, "");
}

static enum status check_one_of_its_kind(struct load *l, const struct node *n, int i)
{
    const struct config *c = l->config;
    const struct system *s = &c->systems[i];
    for (int k = 0; k < i; k++) {
        const struct system *other = &c->systems[k];
        if (same_endpoint(s, other))
            return wrong(l, n->key, "%s is the same %s as %s: name it once", s->name,
                         s->engine == ENGINE_POSTGRES ? "database" : "server", other->name);
        if (s->id && s->id == other->id)
            return wrong(l, n->key, "%s has the same id as %s: each system has its own", s->name,
                         other->name);
    }
    return STATUS_OK;
}

enum status systems_read(struct load *l, const struct node *systems)
{
    struct config *c = l->config;
    c->systems = arena_zalloc(l->arena, (size_t)systems->n * sizeof *c->systems);
    NODE_EACH(n, systems)
    {
        TRY(read_system(l, n, &c->systems[c->nsystems]));
        TRY(check_one_of_its_kind(l, n, c->nsystems));
        c->nsystems++;
    }
    return STATUS_OK;
}

const struct system *system_find(const struct config *c, const char *name)
{
    for (int i = 0; i < c->nsystems; i++) {
        if (strcmp(c->systems[i].name, name) == 0)
            return &c->systems[i];
    }
    return NULL;
}
