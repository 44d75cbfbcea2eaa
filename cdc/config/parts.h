/* Parts: the readers of the file's parts, and what they share; used by config.c alone. */
#ifndef MILLRACE_CONFIG_PARTS_H
#define MILLRACE_CONFIG_PARTS_H

#include "config/form.h"

/* systems.c */
enum status systems_read(struct load *l, const struct node *systems);
const struct system *system_find(const struct config *c, const char *name);
/* Names of systems and links: letters, digits, `_`, `-`, `.`, a letter or digit first. */
enum status name_check(struct load *l, const struct node *at, const char *what, const char *name);

/* secrets.c: the password that a role's file or variable holds; NULL where neither is given. */
enum status secret_read(struct load *l, const struct form *role, const char **out);
/* A path of the file, taken from the folder of the configuration where it is relative. */
const char *path_beside(struct load *l, const char *path);

/* links.c */
enum status links_read(struct load *l, const struct node *links);

/* tables.c: `tables:` and `exclude:` of a link of one direction. */
enum status flows_read(struct load *l, const struct node *tables, bool pair,
                       struct link_config *link);
enum status exclude_read(struct load *l, const struct node *exclude, struct link_config *link);
/* The flows of a pair's other direction: every name on the other side. */
enum status flows_turn(struct load *l, const struct node *tables, const struct link_config *forth,
                       struct link_config *back);

/* codes.c: `vocabulary:`; the shape of `dictionaries:`, `units:`, `mask_keys:`. */
enum status config_vocabulary_read(struct load *l, const struct node *vocabulary);
enum status config_codes_read(struct load *l, const struct form *file);

/* events.c: `events:` */
enum status events_read(struct load *l, const struct node *events);
const struct event_config *event_find(const struct config *c, const char *name);

/* event_parts.c: what events and writes share. */
struct sql_text sql_read(const struct node *n); /* of a text that was checked; NULL: not given */
/* One name, or a list of them, none twice. */
enum status names_read(struct load *l, const struct node *n, const char *what, struct name_list *out);

/* writes.c: `flows:` of a link. */
enum status event_flows_read(struct load *l, const struct node *flows, struct link_config *link);

/* rules.c: what no single link can know. `at` are the links' nodes, by link. */
enum status config_rules_check(struct load *l, const struct node *const *at);

/* pattern.c */
bool pattern_is(const char *text);
/* Can one text match both? */
bool patterns_meet(const char *a, const char *b);
/* Does `wide` surely match all that `narrow` does? */
bool pattern_covers(const char *wide, const char *narrow);

enum { NAME_BYTES_MAX = 128 }; /* of a schema or table in a pattern */

#endif
