# SPDX-License-Identifier: MIT
# Services without a C library: init, and those that the tests use. Each folder of the list is one program.

BARE_SERVICES := init $(patsubst tests/services/%/main.c,test-%,$(wildcard tests/services/*/main.c))
LDFLAGS_SERVICE := -static -nostdlib --build-id=none -z noexecstack -z max-page-size=4096 -z separate-code --gc-sections \
	-Ttext-segment=0x400000

$(eval $(call flavour,bare,$(FLAGS_COMMON) $(FLAGS_BARE) -mcmodel=small -ffunction-sections))

bare_sources = $(call sources,services/bare,c S) \
	$(if $(filter test-%,$(1)),$(call sources,tests/services/$(patsubst test-%,%,$(1)),c S),$(call sources,services/$(1),c S))
define bare_program
$(B)/services/$(1).elf: $(call objects,bare,$(call bare_sources,$(1))) $(B)/obj/bare/lib.a
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(LD) $$(LDFLAGS_SERVICE) $$^ -o $$@.full && objcopy --strip-all $$@.full $$@
endef
$(foreach s,$(BARE_SERVICES),$(eval $(call bare_program,$(s))))

# What the test payload talks to: a misbehaving service under several policies.
$(B)/test.archive: $(B)/archive tests/services/manifest $(foreach s,$(BARE_SERVICES),$(B)/services/$(s).elf)
	$(call say,PACK,$@)
	$(Q)$(B)/archive -o $@ manifest=tests/services/manifest $(foreach s,$(BARE_SERVICES),$(s)=$(B)/services/$(s).elf)
services: $(B)/test.archive

# A vTPM with a key and nothing else.
$(B)/key.archive: $(B)/archive tests/services/key/manifest $(B)/services/init.elf $(B)/services/test-key.elf
	$(call say,PACK,$@)
	$(Q)$(B)/archive -o $@ manifest=tests/services/key/manifest init=$(B)/services/init.elf test-key=$(B)/services/test-key.elf
services: $(B)/key.archive
