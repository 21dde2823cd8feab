# SPDX-License-Identifier: MIT
# BearSSL for Nutshell's security processor, and once more for its tests on the host: SHA-2, AES-GCM, ECDSA P-384, HMAC-DRBG. Constant-time integer code only.

BEARSSL := $(CACHE)/third-party/bearssl-0.6
BEARSSL_READY := $(BEARSSL)/.ready

BEARSSL_FILES := aead/gcm codec/ccopy codec/dec32be codec/dec32le codec/dec64be codec/dec64le codec/enc32be \
	codec/enc32le codec/enc64be codec/enc64le \
	ec/ec_prime_i31 ec/ec_pubkey ec/ec_keygen ec/ec_secp256r1 ec/ec_secp384r1 ec/ec_secp521r1 \
	ec/ecdsa_atr ec/ecdsa_rta ec/ecdsa_i31_bits ec/ecdsa_i31_sign_asn1 ec/ecdsa_i31_sign_raw \
	ec/ecdsa_i31_vrfy_asn1 ec/ecdsa_i31_vrfy_raw \
	hash/dig_oid hash/dig_size hash/ghash_ctmul64 hash/mgf1 hash/sha2big hash/sha2small \
	int/i31_add int/i31_bitlen int/i31_decmod int/i31_decode int/i31_decred int/i31_encode int/i31_fmont \
	int/i31_iszero int/i31_moddiv int/i31_modpow int/i31_modpow2 int/i31_montmul int/i31_mulacc int/i31_muladd \
	int/i31_ninv31 int/i31_reduce int/i31_rshift int/i31_sub int/i31_tmont int/i32_div32 \
	kdf/hkdf mac/hmac rand/hmac_drbg \
	symcipher/aes_ct64 symcipher/aes_ct64_ctr symcipher/aes_ct64_ctrcbc symcipher/aes_ct64_enc

FLAGS_BEARSSL := -std=gnu11 -w -O2 -I$(BEARSSL)/inc -I$(BEARSSL)/src -ffile-prefix-map=$(CURDIR)=. \
	-DBR_AES_X86NI=0 -DBR_SSE2=0 -DBR_RDRAND=0 -DBR_USE_URANDOM=0 -DBR_USE_UNIX_TIME=0 -D_FORTIFY_SOURCE=0

$(BEARSSL_READY): third-party/pins scripts/fetch
	$(Q)scripts/fetch bearssl >/dev/null && touch $@

bearssl_objects := $(patsubst %,$(B)/obj/bearssl/%.o,$(BEARSSL_FILES))
$(bearssl_objects): $(B)/obj/bearssl/%.o: $(BEARSSL_READY) Makefile $(wildcard mk/*.mk)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(FLAGS_BEARSSL) $(FLAGS_BARE) -mcmodel=kernel -c $(BEARSSL)/src/$*.c -o $@
$(B)/obj/bearssl/bearssl.a: $(bearssl_objects)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcsD $@ $^

# $(1) flavour: the same for programs on the host.
define bearssl_on_host
$(patsubst %,$(B)/obj/$(1)/bearssl/%.o,$(BEARSSL_FILES)): $(B)/obj/$(1)/bearssl/%.o: $(BEARSSL_READY) Makefile $(wildcard mk/*.mk)
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$$(CC) $(FLAGS_BEARSSL) -fPIE -c $(BEARSSL)/src/$$*.c -o $$@
$(B)/obj/$(1)/bearssl.a: $(patsubst %,$(B)/obj/$(1)/bearssl/%.o,$(BEARSSL_FILES))
	@rm -f $$@
	$$(call say,AR,$$@)
	$$(Q)ar rcsD $$@ $$^
endef
$(eval $(call bearssl_on_host,unit))
$(eval $(call bearssl_on_host,fuzz))
