import COpenSSL

/// Owns one of the library's key objects: frees it when nobody holds it any more.
// Safety: the object is freed once, in deinit, and never changed after init; the library allows any number of threads to
// sign and verify with one key (openssl-threads(7)).
@safe final class KeyHandle: @unchecked Sendable {
  let pointer: OpaquePointer

  /// Takes the object over.
  init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

  deinit { unsafe EVP_PKEY_free(pointer) }
}
