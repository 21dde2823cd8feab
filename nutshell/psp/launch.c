/* SPDX-License-Identifier: MIT */
/* Launch measurement (firmware ABI 8.17; Page Info structure). */
#include "bearssl.h"
#include "lib/string.h"
#include "nutshell/psp.h"

static uint8_t digest[SNP_DIGEST_SIZE];
static uint64_t pages, policy;

static void sha384(const void *data, uint64_t size, uint8_t out[SNP_DIGEST_SIZE])
{
	br_sha384_context context;

	br_sha384_init(&context);
	br_sha384_update(&context, data, size);
	br_sha384_out(&context, out);
}

void psp_digest_extend(uint8_t value[SNP_DIGEST_SIZE], const uint8_t *page, uint32_t type, uint64_t gpa)
{
	struct snp_page_info info = { .length = sizeof(info), .page_type = (uint8_t)type, .gpa = gpa };

	memcpy(info.digest_cur, value, SNP_DIGEST_SIZE);
	if (type == SNP_PAGE_TYPE_NORMAL || type == SNP_PAGE_TYPE_VMSA)
		sha384(page, PAGE_SIZE, info.contents);
	sha384(&info, sizeof(info), value);
}

void psp_launch_start(uint64_t new_policy)
{
	memset(digest, 0, sizeof(digest));
	pages = 0;
	policy = new_policy;
	psp_id_reset();
	psp_new_keys();
	psp_new_messages();
}

const char *psp_launch_page(uint64_t gpa, uint32_t type, uint64_t measured_gpa)
{
	uint8_t *page = machine_ram_page(gpa);
	const struct rmp_entry *entry = rmp_lookup(gpa);
	const char *error = NULL;

	if (page == NULL || entry == NULL)
		return "the page is not RAM";
	if (entry->assigned != 0)
		return "the page overlaps one before";
	if (type == SNP_PAGE_TYPE_CPUID)
		error = psp_fill_cpuid((struct snp_cpuid_page *)(void *)page);
	else if (type == SNP_PAGE_TYPE_SECRETS)
		psp_fill_secrets((struct snp_secrets_page *)(void *)page);
	else if (type == SNP_PAGE_TYPE_ZERO)
		memset(page, 0, PAGE_SIZE);
	if (error != NULL)
		return error;
	psp_digest_extend(digest, page, type, measured_gpa);
	pages++;
	return rmp_launch_page(gpa, type == SNP_PAGE_TYPE_VMSA) == 0 ? NULL : "the page cannot be taken";
}

const uint8_t *psp_launch_digest(void)
{
	return digest;
}

uint64_t psp_launch_pages(void)
{
	return pages;
}

uint64_t psp_policy(void)
{
	return policy;
}
