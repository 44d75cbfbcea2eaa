#include "transforms/events/event_functions.h"

#include <string.h>
#include "transforms/functions/guard.h"
#include "transforms/vocabulary/path.h"
#include "transforms/vocabulary/vocabulary.h"

enum status event_functions_load(const struct config *c, struct functions **out, struct failure *f)
{
    struct functions_config parts = {
        .path = c->path,
        .dictionaries = c->dictionaries,
        .units = c->units,
        .mask_keys = c->mask_keys,
    };
    return functions_load(&parts, out, f);
}

/* ---- statements ---- */

static enum status add_functions(void *context, sqlite3 *db, struct failure *f)
{
    const struct event_functions *e = context;
    return functions_register(db, e->functions, NULL, f);
}

static bool is_decimal(void *context, const char *table, const char *column)
{
    const struct event_functions *e = context;
    for (int i = 0; i < e->nrelations; i++) {
        if (strcmp(e->relations[i]->name, table) != 0)
            continue;
        const struct column *c = relation_column(e->relations[i], column);
        if (c && c->kind == VALUE_DECIMAL)
            return true;
    }
    return false;
}

enum status event_functions_guard(struct event_functions *e, sqlite3 *db, const char *sql,
                                  struct failure *f)
{
    struct guard g;
    sqlite3_stmt *statement = NULL;
    TRY(functions_names_check(e->functions, sql, f));
    guard_init(&g, db, is_decimal, e);
    enum status status = guard_prepare(&g, sql, &statement, f);
    sqlite3_finalize(statement);
    return status;
}

/* The guard finds out by itself what is decimal. */
static enum status guard_view(void *context, sqlite3 *db, const char *sql, bool reads_decimal,
                              struct failure *f)
{
    (void)reads_decimal;
    return event_functions_guard(context, db, sql, f);
}

/* ---- kinds of fields ---- */

static const ProtobufCMessageDescriptor *element_of(const ProtobufCMessageDescriptor *type,
                                                    const char *list)
{
    struct field_path path;
    if (!path_find(type, list, &path))
        return NULL;
    const ProtobufCFieldDescriptor *field = path_field(&path);
    return field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;
}

/* Only decimals are compared otherwise than they look. A type that is unknown here is refused by who
 * makes messages of it. */
static enum value_kind field_kind(void *context, const char *type, const char *list,
                                  const char *field)
{
    const struct event_functions *e = context;
    const ProtobufCMessageDescriptor *message;
    struct failure f = {0};
    struct field_path path;
    if (!e->vocabulary || vocabulary_message(e->vocabulary, type, &message, &f) != STATUS_OK)
        return VALUE_ABSENT;
    if (list)
        message = element_of(message, list);
    if (!message || !path_find(message, field, &path))
        return VALUE_ABSENT;
    return path.kind == FIELD_DECIMAL ? VALUE_DECIMAL : VALUE_ABSENT;
}

void event_functions_views(struct event_functions *e, struct views_options *out)
{
    *out = (struct views_options){
        .context = e,
        .functions = add_functions,
        .guard = guard_view,
        .field_kind = field_kind,
        .decimal_collation = "decimal",
    };
}
