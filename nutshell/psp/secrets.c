/* SPDX-License-Identifier: MIT */
/* Keys of the emulated security processor. All come from a published seed: a report of this machine proves nothing. */
#include "abi/nutshell.h"
#include "bearssl.h"
#include "lib/string.h"
#include "nutshell/asm.h"
#include "nutshell/psp.h"

static const char seed[] = NUTSHELL_TEST_SEED;
static uint8_t vmpck[SNP_VMPL_COUNT][SNP_VMPCK_SIZE];

void psp_derive(const char *label, const void *input, uint64_t input_size, uint8_t *out, uint64_t size)
{
	br_hmac_drbg_context drbg;

	br_hmac_drbg_init(&drbg, &br_sha384_vtable, seed, sizeof(seed));
	br_hmac_drbg_update(&drbg, label, strlen(label));
	br_hmac_drbg_update(&drbg, input, input_size);
	br_hmac_drbg_generate(&drbg, out, size);
}

/* Message keys differ from start to start, as they do on hardware. */
void psp_new_keys(void)
{
	uint64_t moment = asm_read_tsc();

	for (uint32_t i = 0; i < SNP_VMPL_COUNT; i++) {
		uint64_t input[2] = { moment, i };

		psp_derive("VMPCK", input, sizeof(input), vmpck[i], SNP_VMPCK_SIZE);
	}
}

void psp_fill_secrets(struct snp_secrets_page *page)
{
	uint32_t out[4];

	memset(page, 0, sizeof(*page));
	machine_cpuid(1, 0, 0, 0, out);
	page->version = 3;
	page->fms = out[0];
	memcpy(page->vmpck, vmpck, sizeof(vmpck));
}

const uint8_t *psp_vmpck(uint32_t index)
{
	return vmpck[index];
}
