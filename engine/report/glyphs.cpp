// SPDX-License-Identifier: MIT
#include "report/glyphs.h"

namespace duodiff
{

namespace
{

// clang-format off
// Rendered at 22 pixels with FreeType from DejaVu Sans 2.37 (Bitstream Vera licence, which allows it).
// Code point, advance, left bearing, height of the top row over the base line, width, height; then the
// coverage row by row, 'a' for none to 'p' for full.
constexpr Glyph glyphs[] = {
    {0x20, 7, 0, 0, 0, 0,
     ""},
    {0x25, 21, 1, 16, 19, 16,
     "adlookcaaaaaalobaaabooghpnaaaaafpgaaaaipeaahpgaaabolaaaaakpaaadpjaaajpcaaaaaloaaacpjaadpiaaaaaaj"
     "pcaafpgaamnaaaaaaadplcdnobahpeaaaaaaaagoppoeacojaaaaaaaaaabddaaalobadmppldaaaaaaaafpgabonggoobaa"
     "aaaabolaahpeaafphaaaaaajpcaakpbaabpjaaaaadphaaakpbaabpjaaaaannaaaahpfaafpgaaaahpeaaaaboohhonbaaa"
     "cpjaaaaaacloolca"},
    {0x28, 9, 1, 16, 6, 19,
     "aaadpiaaalobaafpiaaalpcaadpmaaahpiaaalpeaaaopcaaappbaabppaaaappbaaaopcaaalpeaaahpiaaadpmaaaalpca"
     "aafpiaaaalobaaadpi"},
    {0x29, 9, 1, 16, 6, 19,
     "bomaaaahpfaaaaonaaaajpfaaadplaaaaopbaaalpfaaaipiaaahpjaaagpkaaahpjaaaipiaaalpfaaaopbaadplaaajpfa"
     "abonaaahpfaabomaaa"},
    {0x2B, 18, 2, 14, 15, 14,
     "aaaaaaegbaaaaaaaaaaaakpcaaaaaaaaaaaakpcaaaaaaaaaaaakpcaaaaaaaaaaaakpcaaaaaaaaaaaakpcaaaaaaimmmmm"
     "opmmmmmmbkpppppppppppppcaaaaaakpcaaaaaaaaaaaakpcaaaaaaaaaaaakpcaaaaaaaaaaaakpcaaaaaaaaaaaakpcaaa"
     "aaaaaaaaakpcaaaaaa"},
    {0x2C, 7, 1, 4, 4, 6,
     "abccagpnahpmakpgaonadpfa"},
    {0x2D, 8, 1, 7, 6, 2,
     "klllljoppppn"},
    {0x2E, 7, 2, 3, 3, 3,
     "gkgkpjkpj"},
    {0x2F, 7, 0, 16, 8, 18,
     "aaaaajpeaaaaanoaaaaadpjaaaaaipeaaaaanoaaaaacpkaaaaahpfaaaaampbaaaacpkaaaaahpgaaaaampbaaaabplaaaa"
     "agpgaaaaalpcaaaabpmaaaaafphaaaaakpcaaaaahhaaaaaa"},
    {0x30, 14, 1, 16, 12, 16,
     "aaagmoomgaaaaajppllppjaaagpocaacopfaanpgaaaagpmacppbaaaabppcfpmaaaaaampfhpkaaaaaalphipkaaaaaakpi"
     "ipkaaaaaakpihpkaaaaaalphfpmaaaaaampfcppbaaaabppcanpgaaaagpmaagpocaacopfaaakppllppjaaaaagmoomgaaa"},
    {0x31, 14, 2, 16, 10, 16,
     "chknppgaaajpppppgaaagifclpgaaaaaaalpgaaaaaaalpgaaaaaaalpgaaaaaaalpgaaaaaaalpgaaaaaaalpgaaaaaaalp"
     "gaaaaaaalpgaaaaaaalpgaaaaaaalpgaaaaaaalpgaaadmmmopnmmleppppppppp"},
    {0x32, 14, 1, 16, 11, 16,
     "aeimopnkeaaepppnmopphaemgbaabippdaaaaaaaalpjaaaaaaaaipkaaaaaaaakpjaaaaaaacppdaaaaaaampkaaaaaaakp"
     "mbaaaaaakpmbaaaaaakpnbaaaaaakpnbaaaaaakpnbaaaaaakpnbaaaaaafppnmmmmmmjgpppppppppm"},
    {0x33, 14, 1, 16, 12, 16,
     "afjmopomgaaaanponmoppmbaafdaaaaeopiaaaaaaaaagpmaaaaaaaaagpmaaaaaaaadnphaaaaglmnppkaaaaaippppjbaa"
     "aaaaaacipndaaaaaaaaagpmaaaaaaaaabppcaaaaaaaaappdaaaaaaaaeppbeicaaaafopkafppnmnoppmbabhlnopnlfaaa"},
    {0x34, 14, 1, 16, 12, 16,
     "aaaaaajpphaaaaaaaeppphaaaaaabnnlphaaaaaajpekphaaaaaepjakphaaaabnnbakphaaaajpeaakphaaaepkaaakphaa"
     "bnobaaakphaajpfaaaakphaaoplllllopnljoppppppppppmaaaaaaakphaaaaaaaaakphaaaaaaaaakphaaaaaaaaakphaa"},
    {0x35, 14, 1, 16, 12, 16,
     "ajpppppppnaaajpnmmmmmkaaajpfaaaaaaaaajpfaaaaaaaaajpfaaaaaaaaajplllkhbaaaajppppppoeaaaggcbbemppda"
     "aaaaaaaalpkaaaaaaaaaepoaaaaaaaaacppbaaaaaaaadppaaaaaaaaajpmadgbaaabippfaeppomnpppiaacilnppnkdaaa"},
    {0x36, 14, 1, 16, 12, 16,
     "aaaahmopnkeaaacnppnmopiaaanpkcaaacdaahplaaaaaaaaaopdaaaaaaaadpoaejkjfaaagpmjpppppmbahpppjcbenpla"
     "hppkaaaacppegppeaaaaalpheppcaaaaajpjbppdaaaaakpialphaaaabopfaepoeaabkpnaaahppmlopodaaaaelopnjcaa"},
    {0x37, 14, 1, 16, 12, 16,
     "dppppppppppccmmmmmmmopnaaaaaaaaampiaaaaaaaacppcaaaaaaaaiplaaaaaaaaaopfaaaaaaaafpoaaaaaaaaalpjaaa"
     "aaaaabppdaaaaaaaahpmaaaaaaaaanpgaaaaaaaaeppbaaaaaaaajpkaaaaaaaabopeaaaaaaaagpnaaaaaaaaamphaaaaaa"},
    {0x38, 14, 1, 16, 12, 16,
     "aacjnppnjcaaadopolloppeaampkbaabkpnabppcaaaacppbbppcaaaacppaampkbaabkpjaacnpollooiaaaablppppmfaa"
     "aeonfbbfnpiabopcaaaacppcfpmaaaaaampghplaaaaaalphgpobaaaabopfbopkbaabkpobagppolloppfaaadknppnjcaa"},
    {0x39, 14, 1, 16, 12, 16,
     "aacjnpoleaaaadopolmpphaaanpkbaaeopeafpobaaaahplaipkaaaaadppbjpjaaaaacppeiplaaaaaeppgeppcaaaakppg"
     "alpnebcjpppgabmpppppjmpfaaaeijidaopdaaaaaaaaepnaaaaaaaaalphaadcaaabkpnaaajpomnppncaaaeknpomhaaaa"},
    {0x3D, 18, 2, 10, 15, 6,
     "kpppppppppppppcilllllllllllllbaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaimmmmmmmmmmmmmbkpppppppppppppc"},
    {0x5F, 11, -1, -3, 13, 3,
     "acccccccccccadpppppppppppdbfffffffffffb"},
    {0xB1, 18, 2, 13, 15, 13,
     "aaaaaakpcaaaaaaaaaaaakpcaaaaaaaaaaaakpcaaaaaaaaaaaakpcaaaaaakpppppppppppppcimmmmmopmmmmmmbaaaaaa"
     "kpcaaaaaaaaaaaakpcaaaaaaaaaaaakpcaaaaaaaaaaaajncaaaaaaaaaaaaaaaaaaaaaimmmmmmmmmmmmmbkppppppppppp"
     "ppc"},
    {0x3C3, 14, 1, 12, 13, 12,
     "aaekopppppppeagppmijoppooebophaaabnpgaahpmaaaaagpnaakphaaaaaappcalpfaaaaaanpdalpgaaaaaaopdajpiaa"
     "aaabppbafpnaaaaahpmaaanpiaaadopgaaadopnklppjaaaaacjnpolfaaaa"},
    {0x3B8, 13, 1, 16, 12, 16,
     "aaahnpokdaaaaalpmjkppeaaaipjaaadoobabooaaaaahphafpjaaaaadpmaipgaaaaaappblpnmmmmmmppclppppppppppd"
     "lpfaaaaaanpdlpgaaaaaaopcipjaaaaacppbfpmaaaaafpmabopcaaaalphaaiplbaafpobaaalpnjlppeaaaaahnpokdaaa"},
    {0x41, 15, 0, 16, 15, 16,
     "aaaaaanpoaaaaaaaaaaaepppfaaaaaaaaaakpnplaaaaaaaaabppeppcaaaaaaaagplalphaaaaaaaampgafpnaaaaaaadpo"
     "baaopeaaaaaajpjaaajpjaaaaaaopdaaadpobaaaafpnaaaaampgaaaalpommmmmopmaaacpppppppppppcaahplaaaaaaak"
     "piaanpgaaaaaaafpoaepobaaaaaaaaopekpkaaaaaaaaajpk"},
    {0x42, 15, 2, 16, 12, 16,
     "npppppomhbaanpmlllnppnbanpfaaaadopianpfaaaaahpmanpfaaaaafpmanpfaaaaaipkanpfaaachppdanpppppppldaa"
     "npmlllmoplbanpfaaaabjpmanpfaaaaaaopfnpfaaaaaamphnpfaaaaaaophnpfaaaabjppcnpmlllmopphanppppppnkdaa"},
    {0x43, 15, 1, 16, 14, 16,
     "aaaaeknopnkfaaaablppommnppnbabnpneaaaacipdakpnbaaaaaaadccppeaaaaaaaaaahpnaaaaaaaaaaakpkaaaaaaaaa"
     "aalpiaaaaaaaaaaalpiaaaaaaaaaaakpkaaaaaaaaaaahpnaaaaaaaaaaacppeaaaaaaaaaaakpnbaaaaaaadcabnpneaaaa"
     "cipdaacmppomlnppnbaaaafknopnkfaa"},
    {0x44, 17, 2, 16, 14, 16,
     "npppponlidaaaanpmllmnppplbaanpfaaaabgopnbanpfaaaaaacopkanpfaaaaaaafppcnpfaaaaaaaaopfnpfaaaaaaaal"
     "pinpfaaaaaaaakpjnpfaaaaaaaakpjnpfaaaaaaaalpinpfaaaaaaaaopfnpfaaaaaaafppcnpfaaaaaacnpkanpfaaaabgo"
     "pnbanpmllmnppplbaanpppponlidaaaa"},
    {0x45, 14, 2, 16, 11, 16,
     "npppppppppenpnmmmmmmmdnpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpppppppppanpnmmmmm"
     "mlanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpnmmmmmmmgnpppppppppi"},
    {0x46, 13, 2, 16, 10, 16,
     "nppppppppgnpnmmmmmmenpfaaaaaaanpfaaaaaaanpfaaaaaaanpfaaaaaaanpfaaaaaaanpppppppkanpnmmmmmianpfaaa"
     "aaaanpfaaaaaaanpfaaaaaaanpfaaaaaaanpfaaaaaaanpfaaaaaaanpfaaaaaaa"},
    {0x47, 17, 1, 16, 15, 16,
     "aaaaejnopolidaaaablppomlmpppjaabnpnfaaaabflmaakpmbaaaaaaaaeacppdaaaaaaaaaaahpnaaaaaaaaaaaakpkaaa"
     "aaaaaaaaalpiaaaaafllllldlpiaaaaahpppppekpkaaaaaaaaaopehpnaaaaaaaaaopecppdaaaaaaaaopeakpmbaaaaaaa"
     "opeabnpneaaaaafopeaablppomlmoppkbaaaaejnopomidaa"},
    {0x48, 17, 2, 16, 13, 16,
     "npfaaaaaaampgnpfaaaaaaampgnpfaaaaaaampgnpfaaaaaaampgnpfaaaaaaampgnpfaaaaaaampgnpfaaaaaaampgnpppp"
     "pppppppgnpnmmmmmmmopgnpfaaaaaaampgnpfaaaaaaampgnpfaaaaaaampgnpfaaaaaaampgnpfaaaaaaampgnpfaaaaaaa"
     "mpgnpfaaaaaaampg"},
    {0x49, 6, 2, 16, 3, 16,
     "npfnpfnpfnpfnpfnpfnpfnpfnpfnpfnpfnpfnpfnpfnpfnpf"},
    {0x4A, 6, -2, 16, 7, 20,
     "aaaanpfaaaanpfaaaanpfaaaanpfaaaanpfaaaanpfaaaanpfaaaanpfaaaanpfaaaanpfaaaanpfaaaanpfaaaanpfaaaan"
     "pfaaaanpfaaaanpeaaabppcaaajpnacmoppfacpoleaa"},
    {0x4B, 14, 2, 16, 13, 16,
     "npfaaaaacnplbnpfaaaadnpkaanpfaaadopjaaanpfaaeopjaaaanpfaeppiaaaaanpffpphaaaaaanpkppgaaaaaaanpppj"
     "aaaaaaaanplppgaaaaaaanpfhppgaaaaaanpfahppgaaaaanpfaahppgaaaanpfaaahppgaaanpfaaaahppgaanpfaaaaahp"
     "pganpfaaaaaahppg"},
    {0x4C, 12, 2, 16, 11, 16,
     "npfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaa"
     "aaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpnmmmmmmmcnpppppppppc"},
    {0x4D, 19, 2, 16, 15, 16,
     "nppjaaaaaaajppmnppoaaaaaaaoppmnpmpfaaaaafpmpmnpgplaaaaalpgpmnpempbaaacplepmnpegphaaahpgepmnpebom"
     "aaanobepmnpeakpdaepjaepmnpeaepjajpeaepmnpeaanobonaaepmnpeaaiplphaaepmnpeaacpppcaaepmnpeaaalokaaa"
     "epmnpeaaaaaaaaaepmnpeaaaaaaaaaepmnpeaaaaaaaaaepm"},
    {0x4E, 16, 2, 16, 13, 16,
     "nppfaaaaaampenppnaaaaaampenpopgaaaaampenpipnbaaaampenpelphaaaampenpedpobaaampenpeakpiaaampenpeac"
     "pobaampenpeaajpjaampenpeaacppcampenpeaaaipkampenpeaaabopdmpenpeaaaahplmpenpeaaaabopopenpeaaaaagp"
     "ppenpeaaaaaanppe"},
    {0x4F, 17, 1, 16, 16, 16,
     "aaaaglopomibaaaaaacmppnlmppofaaaabnpmdaaabjppeaaakpnbaaaaaaipobacppeaaaaaaaaophahpnaaaaaaaaaipla"
     "kpkaaaaaaaaafpoalpiaaaaaaaaaeppblpiaaaaaaaaaeppbkpkaaaaaaaaafpoahpnaaaaaaaaaiplacppeaaaaaaaanpha"
     "akpmbaaaaaaipobaabopmdaaabjppfaaaacmppnlmppofaaaaaaaglopomibaaaa"},
    {0x50, 13, 2, 16, 11, 16,
     "npppppnkdaanpmllmoppfanpfaaablpobnpfaaaabppfnpfaaaaamphnpfaaaaanphnpfaaaadppenpfaabenpnanppppppp"
     "ndanpmllljgbaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaanpfaaaaaaaa"},
    {0x51, 17, 1, 16, 16, 19,
     "aaaaglopomibaaaaaacmppnlmppofaaaabnpmdaaabjppeaaakpnbaaaaaaipobacppeaaaaaaaaophahpnaaaaaaaaaipla"
     "kpkaaaaaaaaafpoalpiaaaaaaaaaeppblpiaaaaaaaaaeppbkpkaaaaaaaaafpoahpnaaaaaaaaaipmacppeaaaaaaaanpha"
     "akpmbaaaaaaipobaabopmdaaabippfaaaacmppmlmppofaaaaaaaglopppocaaaaaaaaaaaabnpkaaaaaaaaaaaaacnpjaaa"
     "aaaaaaaaaaciicaa"},
    {0x52, 15, 2, 16, 13, 16,
     "npppppnkeaaaanpmllmopphaaanpfaaabkppcaanpfaaaabppgaanpfaaaaamphaanpfaaaaanpgaanpfaaaacppcaanpfaa"
     "benpgaaanpppppppeaaaanpmllmppocaaanpfaaacnpmaaanpfaaaadppgaanpfaaaaajpnaanpfaaaaabopganpfaaaaaah"
     "pnanpfaaaaaabopg"},
    {0x53, 14, 1, 16, 12, 16,
     "aadjnoonlidaagppomlmppmacppibaaabfiahpmaaaaaaaaaipkaaaaaaaaagpocaaaaaaaabopokgdaaaaaacmpppppleaa"
     "aaadhkopppjaaaaaaaadkppfaaaaaaaaampjaaaaaaaaajplaaaaaaaaalpjhkeaaaabhppehppomlmoppiabejmnponjdaa"},
    {0x54, 13, -1, 16, 15, 16,
     "bpppppppppppppibmmmmmnpommmmmgaaaaaagpmaaaaaaaaaaaagpmaaaaaaaaaaaagpmaaaaaaaaaaaagpmaaaaaaaaaaaa"
     "gpmaaaaaaaaaaaagpmaaaaaaaaaaaagpmaaaaaaaaaaaagpmaaaaaaaaaaaagpmaaaaaaaaaaaagpmaaaaaaaaaaaagpmaaa"
     "aaaaaaaaagpmaaaaaaaaaaaagpmaaaaaaaaaaaagpmaaaaaa"},
    {0x55, 16, 1, 16, 14, 16,
     "bppbaaaaaaappdbppbaaaaaaappdbppbaaaaaaappdbppbaaaaaaappdbppbaaaaaaappdbppbaaaaaaappdbppbaaaaaaap"
     "pdbppbaaaaaaappdbppbaaaaaaappdbppbaaaaaaappdbppcaaaaaabppcaopeaaaaaadppbakpkaaaaaaipmaadppgaaaaf"
     "ppfaaagppollnppiaaaaadjnopnkeaaa"},
    {0x56, 15, 0, 16, 15, 16,
     "kpjaaaaaaaaajpkepobaaaaaaaaopeanpgaaaaaaafpoaahplaaaaaaalpiaacppcaaaaacppcaaalpiaaaaahpmaaaafpna"
     "aaaanpgaaaaaopeaaadpobaaaaajpkaaajpjaaaaaadpobabopeaaaaaaampgafpnaaaaaaaagpmalphaaaaaaaabppeppca"
     "aaaaaaaakpoplaaaaaaaaaaepppfaaaaaaaaaaanpoaaaaaa"},
    {0x57, 22, 0, 16, 21, 16,
     "cppbaaaaahppdaaaaaepoanpeaaaaalpphaaaaaipkakpiaaaaaomplaaaaampgagpmaaaadpimoaaaabppcacppbaaahpfi"
     "pdaaaepnaaanpeaaalpbephaaaipkaaakpiaaaomabplaaampgaaagpmaadpjaamoaabppcaaacppbahpfaaipdaepnaaaaa"
     "npealpbaafphaipkaaaaakpiaomaaabplampgaaaaagpmdpjaaaamobppcaaaaacppipfaaaajphpnaaaaaaanpopbaaaafp"
     "opjaaaaaaajppnaaaaabpppgaaaaaaagppjaaaaaanppcaaa"},
    {0x58, 15, 0, 16, 15, 16,
     "aepocaaaaaakplaaajplaaaaafpocaaabnpgaaabopgaaaaaepocaakpkaaaaaaajplafpobaaaaaaabnphopfaaaaaaaaae"
     "pppkaaaaaaaaaaamppbaaaaaaaaaafpppgaaaaaaaaabopjpocaaaaaaaakpkajplaaaaaaafpobabnpgaaaaabopfaaaepo"
     "caaaakpkaaaaajplaaafpobaaaaabnpgabopfaaaaaaaepoc"},
    {0x59, 13, 0, 16, 14, 16,
     "lpjaaaaaaadppdbopeaaaaaamphaafpobaaaaipmaaaakpkaaadpocaaaabopfaanphaaaaaafpobiplaaaaaaaakpmpocaa"
     "aaaaaaboppgaaaaaaaaaagpnaaaaaaaaaaagpmaaaaaaaaaaagpmaaaaaaaaaaagpmaaaaaaaaaaagpmaaaaaaaaaaagpmaa"
     "aaaaaaaaagpmaaaaaaaaaaagpmaaaaaa"},
    {0x5A, 15, 1, 16, 14, 16,
     "mpppppppppppnajmmmmmmmmmppmaaaaaaaaaahpodaaaaaaaaaeppfaaaaaaaaacopiaaaaaaaaabmplaaaaaaaaaakpnbaa"
     "aaaaaaahpocaaaaaaaaaeppfaaaaaaaaacophaaaaaaaaabnpkaaaaaaaaaakpnbaaaaaaaaahpocaaaaaaaaafppeaaaaaa"
     "aaaaopommmmmmmmmmbpppppppppppppb"},
    {0xE9, 14, 1, 18, 12, 18,
     "aaaaaaafidaaaaaaaaeplaaaaaaaacombaaaaaaaalncaaaaaaaacidaaaaaaaaaaaaaaaaaaabhmopnibaaacnpollopmba"
     "ampjbaabkpkafpmaaaaabopbjphaaaaaalpelppppppppppflpkiiiiiiiidkpiaaaaaaaaafpnbaaaaaaaaampkbaaaacha"
     "acnpomklnpoaaabglopomida"},
    {0x61, 13, 1, 12, 11, 12,
     "aeimopnkdaaampmlknppfaafbaaaafpoaaaaaaaaakpeaaaeghiilpgafoppppppphdpogcbaaiphiphaaaaakphkpfaaaab"
     "ophiplaaablpphbopnkkoojphacjnpnjbiph"},
    {0x62, 14, 2, 16, 11, 16,
     "ppaaaaaaaaappaaaaaaaaappaaaaaaaaappaaaaaaaaappagmookdaappjplkmpoeappodaaahpnbppiaaaaanpgppdaaaaa"
     "hpjppbaaaaafplppbaaaaafplppdaaaaahpjppiaaaaampgppodaaahpobppjplkmppeappagmookdaa"},
    {0x63, 12, 1, 12, 10, 12,
     "aabhmopnkeacnpolkmplampkbaaabefpnaaaaaaajphaaaaaaalpfaaaaaaalpfaaaaaaajphaaaaaaafpnaaaaaaaanpkba"
     "aabeacnpolkmolaabhmoonke"},
    {0x64, 14, 1, 16, 11, 16,
     "aaaaaaaaappaaaaaaaaappaaaaaaaaappaaaaaaaaappaadkoomgappaeppmklpjppbophaaaepppgpmaaaaajppkphaaaaa"
     "dpplpfaaaaabpplpfaaaaabppkphaaaaadppgpmaaaaaippbopgaaaeoppaeppmklpjppaadloomgapp"},
    {0x65, 14, 1, 12, 12, 12,
     "aabhmopnibaaacnpollopmbaampjbaabkpkafpmaaaaabopbjphaaaaaalpelppppppppppflpkiiiiiiiidkpiaaaaaaaaa"
     "fpnbaaaaaaaaampkbaaaachaacnpomklnpoaaabglopomida"},
    {0x66, 8, 0, 16, 9, 16,
     "aaafmoppdaadppkjjcaahpiaaaaaajpgaaaaippppppkaeimpkiifaaajpgaaaaaajpgaaaaaajpgaaaaaajpgaaaaaajpga"
     "aaaaajpgaaaaaajpgaaaaaajpgaaaaaajpgaaaaaajpgaaaa"},
    {0x67, 14, 1, 12, 11, 16,
     "aadloomgappaeppmklpippbopgaaaeoppgpmaaaaaippkphaaaaadpplpfaaaaabpplpfaaaaabppkpgaaaaadppgpmaaaaa"
     "ippbopgaaadoppaeppmjlpipoaadloomgcpnaaaaaaaafpkabbaaaadopeafpmkkmppjaacjnopolfaa"},
    {0x68, 14, 2, 16, 11, 16,
     "ppaaaaaaaaappaaaaaaaaappaaaaaaaaappaaaaaaaaappafmooldaappipnlnppdappoeaaakpkappgaaaacpoappcaaaaa"
     "opbppaaaaaaopbppaaaaaaopbppaaaaaaopbppaaaaaaopbppaaaaaaopbppaaaaaaopbppaaaaaaopb"},
    {0x69, 6, 2, 16, 3, 16,
     "opbopbghaaaaopbopbopbopbopbopbopbopbopbopbopbopb"},
    {0x6A, 6, -1, 16, 6, 20,
     "aaaopbaaaopbaaaghaaaaaaaaaaopbaaaopbaaaopbaaaopbaaaopbaaaopbaaaopbaaaopbaaaopbaaaopbaaaopbaaaopb"
     "aaaopaaadpnaekophagpniaa"},
    {0x6B, 13, 2, 16, 11, 16,
     "ppaaaaaaaaappaaaaaaaaappaaaaaaaaappaaaaaaaaappaaaaakpmbppaaablpkaappaacnpiaaappadophaaaappeopfaa"
     "aaappppfaaaaaappjpncaaaaappajpncaaaappaaipncaaappaaaipodaappaaaahpodappaaaaagpod"},
    {0x6C, 6, 2, 16, 3, 16,
     "opbopbopbopbopbopbopbopbopbopbopbopbopbopbopbopb"},
    {0x6D, 21, 2, 12, 18, 12,
     "ppagmoojbaahnpniaappipmlopmblpmlppkappoeaabnpmmcaadopdppgaaaagppdaaaajpgppcaaaaepoaaaaahpippaaaa"
     "adpmaaaaagpippaaaaadpmaaaaagpippaaaaadpmaaaaagpippaaaaadpmaaaaagpippaaaaadpmaaaaagpippaaaaadpmaa"
     "aaagpippaaaaadpmaaaaagpi"},
    {0x6E, 14, 2, 12, 11, 12,
     "ppafmooldaappipnlnppdappoeaaakpkappgaaaacpoappcaaaaaopbppaaaaaaopbppaaaaaaopbppaaaaaaopbppaaaaaa"
     "opbppaaaaaaopbppaaaaaaopbppaaaaaaopb"},
    {0x6F, 13, 1, 12, 12, 12,
     "aacjnpolfaaaaeopnklppkaabopiaaadopgagpnaaaaagpnakphaaaaabppclpfaaaaaaopdlpfaaaaaaopdkphaaaaabppc"
     "gpnaaaaagpnabopiaaadopgaaeopnklppkaaaacjnpolfaaa"},
    {0x70, 14, 2, 12, 11, 16,
     "ppagmookdaappjplkmpoeappodaaahpnbppiaaaaanpgppdaaaaahpjppbaaaaafplppbaaaaafplppdaaaaahpjppiaaaaa"
     "mpgppodaaahpobppjplkmppeappagmookdaappaaaaaaaaappaaaaaaaaappaaaaaaaaappaaaaaaaaa"},
    {0x71, 14, 1, 12, 11, 16,
     "aadkoomgappaeppmklpjppbophaaaepppgpmaaaaajppkphaaaaadpplpfaaaaabpplpfaaaaabppkphaaaaadppgpmaaaaa"
     "ippbopgaaaeoppaeppmklpjppaadloomgappaaaaaaaaappaaaaaaaaappaaaaaaaaappaaaaaaaaapp"},
    {0x72, 9, 2, 12, 8, 12,
     "ppafmopappipnlnbppoeaaaappiaaaaappcaaaaappaaaaaappaaaaaappaaaaaappaaaaaappaaaaaappaaaaaappaaaaaa"},
    {0x73, 11, 1, 12, 10, 12,
     "acjnoonlfacopnkklolajpiaaaabdakpeaaaaaaahpmebaaaaaalpppmidaaaadiloppiaaaaaaafppdaaaaaaalpfgcaaaa"
     "bnpdmpnkjlopkaejmopnlfaa"},
    {0x74, 9, 0, 15, 9, 15,
     "aaopaaaaaaaopaaaaaaaopaaaaagpppppppbdippiiiibaaopaaaaaaaopaaaaaaaopaaaaaaaopaaaaaaaopaaaaaaaopaa"
     "aaaaaopbaaaaaampdaaaaaaipokjjbaaainpppb"},
    {0x75, 14, 1, 12, 11, 12,
     "cpnaaaaaapocpnaaaaaapocpnaaaaaapocpnaaaaaapocpnaaaaaapocpnaaaaaapocpnaaaaabpocpnaaaaacpoappbaaaa"
     "hpoalpjaaaeopoaeppnlnphpoaaeloomfapo"},
    {0x76, 13, 0, 12, 13, 12,
     "cpoaaaaaaaopdampfaaaaaepmaagpkaaaaakpgaabppbaaabppbaaakpgaaagpkaaaaepmaaampeaaaaanpdacpoaaaaaaip"
     "iaipiaaaaaacpoanpdaaaaaaampjpmaaaaaaaagpppgaaaaaaaaboppbaaaa"},
    {0x77, 18, 0, 12, 18, 12,
     "aopbaaafppeaaabpoaakpfaaajppiaaafpkaagpiaaamoomaaaipgaacpmaabpkkpbaampcaaanpbafpggpfabpnaaaakpfa"
     "jpccpjafpjaaaagpjannaannajpfaaaacpncpjaajpcnpbaaaaanpipfaafpipnaaaaaajpppbaabpppjaaaaaafppmaaaam"
     "ppfaaaaaabppiaaaaippbaaa"},
    {0x78, 13, 0, 12, 13, 12,
     "ajplaaaaajplaaamphaaagpnbaaacopdacopdaaaaafpncmphaaaaaaajpoplaaaaaaaaanpobaaaaaaaaepppdaaaaaaabo"
     "pjpnbaaaaaalpiajpkaaaaaipmaabnphaaaepocaaadppdabopfaaaaagpnb"},
    {0x79, 13, 0, 12, 13, 16,
     "cpoaaaaaaaopcalpgaaaaafplaaepmaaaaampfaaanpdaaadpnaaaagpjaaajphaaaaboobabopbaaaaajphagpkaaaaaacp"
     "nanpdaaaaaaalpipmaaaaaaaaepppgaaaaaaaaanpobaaaaaaaaajpiaaaaaaaaaaopcaaaaaaaaahplaaaaaaacjlppdaaa"
     "aaaaeppmeaaaaaaa"},
    {0x7A, 12, 0, 12, 11, 12,
     "amppppppppjagiiiiiiopjaaaaaaahpncaaaaaafpodaaaaaadopeaaaaaacnpgaaaaaabmpjaaaaaaalplaaaaaaajpmbaa"
     "aaaagpncaaaaaabppliiiiiifbpppppppppj"},
};
// clang-format on

}  // namespace

const Glyph* find_glyph(char32_t character)
{
    for (const Glyph& glyph : glyphs) {
        if (glyph.character == character) {
            return &glyph;
        }
    }
    return nullptr;
}

}  // namespace duodiff
