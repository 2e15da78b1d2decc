// Starts a program that ends with its parent, which posix_spawn cannot say.
#ifndef MARTLET_CSPAWN_H
#define MARTLET_CSPAWN_H
/// Starts a program with every signal at its default and none blocked. Where the thread that started it ends, it gets SIGTERM (Linux).
///
/// `arguments` and `environment` end with a null; `input`, `output` and `errors` become its descriptors 0 to 2. Returns its process, or the
/// negative errno of what kept it from starting.
int martlet_spawn(const char *path, char *const arguments[], char *const environment[], int input, int output, int errors);
#endif
