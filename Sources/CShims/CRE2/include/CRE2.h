// A C face for RE2: patterns in time linear in the text (https://github.com/google/re2).
#ifndef MARTLET_CRE2_H
#define MARTLET_CRE2_H
#include <stddef.h>
#include <stdbool.h>
#ifdef __cplusplus
extern "C" {
#endif
typedef struct martlet_re2 martlet_re2;
/// Compiles `pattern`; NULL when it is not valid, with the reason in `error` (always terminated).
martlet_re2 *martlet_re2_compile(const char *pattern, size_t length, long memory_max, char *error, size_t error_size);
void martlet_re2_free(martlet_re2 *re);
/// Whether the pattern matches anywhere in the text (`whole` false) or all of it (`whole` true).
bool martlet_re2_match(const martlet_re2 *re, const char *text, size_t length, bool whole);
#ifdef __cplusplus
}
#endif
#endif
