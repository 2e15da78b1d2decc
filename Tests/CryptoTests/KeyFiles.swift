/// Key files made with the `openssl` command, for tests only.
enum KeyFiles {
  static let rsa2048 = """
    -----BEGIN PUBLIC KEY-----
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsHib5kpa+ySXg6SJAtc5
    1iGIVDYD41wJJy0mLrpgghwKa6R5b4f8rfDhm1YU6cvz4e340wa0R+nUwV926bpH
    Qy1Pnu5YnEbnIASpUtSH00nxHDbToJGUPL2hYsNVxLKabSUlvwtBWgNElVU89/4/
    aCc+rXv3ZS0SMK5x0SlMJ4eGzSnxKfAZIUxWIZlI7AGypKKj8faxwQeKW7oJgQVV
    aAj7SYXY4U9413MDKCg7m4AaBmdVY/BdKcibzADNAlJacTcM1x8iuoi9jjk+gn+l
    HDASJKKKaC8KZ2fuLrwUT/e4k0Dy/kOWXvovki1orTaYXMpYla6IZ4F3RwXcx21z
    XQIDAQAB
    -----END PUBLIC KEY-----
    """

  static let rsa1024 = """
    -----BEGIN PUBLIC KEY-----
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDcOwfwN8jdzhZQ2sI7vEq7TUfe
    hDmr1e9jSy2ae/THk5qg5vdb8CsP+Ua7jG109JPPYms0VA5PzTLZJpDJAd0IZ1Em
    mP68H4JNr52mFjBM9y2IpHoQ/BhVOKabCmxhEaEEA235YZv058UFhjsSoocCVHjG
    6SUtfyrekK1X8m7HEQIDAQAB
    -----END PUBLIC KEY-----
    """

  static let rsaExponent3 = """
    -----BEGIN PUBLIC KEY-----
    MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEAvsmaxgGiTfQyi+eJ8N74
    Nj7ch3IDKulJhz4EApb147mQKxFWI/FBcUfcJBEtK59CBEyKNATDCwXGxZ9a8tfk
    4rdo7g+JdCTobV5Qd9Y7YfFzr4uBZ3PlTsSC+jjA254xMdRruOfzSofrK4oXQhpp
    SJdU8xJIG0cIssC6uIoAy+1HcTSNHpM3H4+C91c5YcVa+jvlBjrZazECw8jI7lwo
    +aSLgXJqetqmkJapUNBGG7WFqPG4/oTT/LZSf5lkN8xiwNE2SgXauDPcfXoOrl0a
    WMqnZzbTx3yCNtlwU5rVC3CmSM5lyJkNNc2mZYtfnHMfONPKdX/ZVN8h/Ev1ZuYS
    9wIBAw==
    -----END PUBLIC KEY-----
    """

  static let rsaPSS = """
    -----BEGIN PUBLIC KEY-----
    MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAM75LuYOIU4TyouKymfGIgql
    bsgnkVkyOnDIqkpprrOr1Dw8jeOgQgyfPDMTO+o8iTH2CB/eUUNXbO7XPMrknZfQ
    RiltK9/jBW22nawBSE9dtNSZ1uxeFWYauuCMmcDST1bwszdacX3jrUI//xFXHP/L
    U5YOGd75bsNzcQhJVOEtdZ4vJbHVDKOsWOFyRziPas7SshZoUYA3MTvNfV/874GN
    5oE3MKxiCTZxT3AsaSjS/mqnA33mKtfXstVRO68voLnuDff4SEG3qyuNbAictdWU
    c1FrrEv7yo4FLWD0Kr9Nz+odVGRDyw6QmAUGQylS0DPgrzsoMpI099B3RlixiSMC
    AwEAAQ==
    -----END PUBLIC KEY-----
    """

  static let p384 = """
    -----BEGIN PUBLIC KEY-----
    MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEZQuiDFPHC6SF7HZIkFBj2app5Kq9W6hv
    YLE25yoxbACGLjKeV4HB4EvNKaicm4x9c9qfcmO6x339gYfKyjKrKIVOQqCHkrzK
    DYrY8cMyruY4qexEYhUxrcaZT8Pdil5S
    -----END PUBLIC KEY-----
    """

  static let ed448 = """
    -----BEGIN PUBLIC KEY-----
    MEMwBQYDK2VxAzoAFovHkTTT0yRZYBHSH2/x+JtMj8NLL4P9X4MnElTj4odzLZAL
    4X+WMS7TYrfK5dgqdvRpWWESxAmA
    -----END PUBLIC KEY-----
    """

  static let encryptedEd25519 = """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhAyqTOv4p6GwICCAAw
    DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEP/N8O1tqsQyTI57EhfEeJ0EQNX+
    v7Hfus+9M7QwaXp+bWlOzjwQ6MbZHjOhHfW1mUl9jNHXe+F3Voms5sHgUIMETDYc
    mdY+6YktnXwZcWtSmdY=
    -----END ENCRYPTED PRIVATE KEY-----
    """
}
