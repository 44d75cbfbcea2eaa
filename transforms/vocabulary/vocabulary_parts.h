/* A vocabulary's types, for the files of this room. */
#ifndef MILLRACE_VOCABULARY_VOCABULARY_PARTS_H
#define MILLRACE_VOCABULARY_VOCABULARY_PARTS_H

struct types;
struct vocabulary;

const struct types *vocabulary_types(const struct vocabulary *v);

#endif
