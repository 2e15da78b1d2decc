#include <uv.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

// Has blocks of a megabyte and more go back to the system as soon as they are free. By itself glibc keeps blocks of up to
// 32 MiB once it has seen one of that size, and a burst of long answers would stay with the process.
static inline void martlet_return_large_blocks(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
#endif
}

// Has every page that no block lies on go back to the system, also between blocks that are in use. Takes milliseconds where there
// is much of it.
static inline void martlet_return_free_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}
