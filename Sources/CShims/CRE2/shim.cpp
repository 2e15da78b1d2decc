#include "include/CRE2.h"
#include <re2/re2.h>
#include <algorithm>
#include <cstring>
#include <new>

struct martlet_re2 {
  re2::RE2 pattern;
  martlet_re2(const re2::StringPiece &text, const re2::RE2::Options &options) : pattern(text, options) {}
};

extern "C" martlet_re2 *martlet_re2_compile(const char *pattern, size_t length, long memory_max, char *error, size_t error_size) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(memory_max);
  auto *re = new (std::nothrow) martlet_re2(re2::StringPiece(pattern, length), options);
  if (re == nullptr) return nullptr;
  if (re->pattern.ok()) return re;
  if (error != nullptr && error_size > 0) {
    const std::string &message = re->pattern.error();
    size_t count = std::min(message.size(), error_size - 1);
    std::memcpy(error, message.data(), count);
    error[count] = 0;
  }
  delete re;
  return nullptr;
}

extern "C" void martlet_re2_free(martlet_re2 *re) { delete re; }

extern "C" bool martlet_re2_match(const martlet_re2 *re, const char *text, size_t length, bool whole) {
  re2::StringPiece piece(text, length);
  return re->pattern.Match(piece, 0, length, whole ? re2::RE2::ANCHOR_BOTH : re2::RE2::UNANCHORED, nullptr, 0);
}
