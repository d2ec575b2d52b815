/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: label lists of many languages and data sets, names, paths; and what must not be taken for them. */
#include "lib/classify-labels.h"
#include "lib/classify-text.h"
#include "lib/classify.h"
#include "lib/model/reader.h"
#include "model-files.h"

static ModelcapSet *set;
static LabelForms forms;

static void setup(void)
{
        set = shipped_modelcaps();
}

static void teardown(void)
{
        modelcap_set_free(set);
}

TestSuite(classify, .init = setup, .fini = teardown);

/* Comma separated, for reading's sake. */
static LabelMatch match(const char *labels, const char *vocabulary)
{
        char text[2048], *save = NULL;
        const char *list[FACTS_LABELS_MAX];
        LabelList l = { .where = "test", .labels = list };
        int v = vocabulary_find(set, vocabulary);
        LabelMatch m;

        cr_assert_geq(v, 0);
        (void) snprintf(text, sizeof(text), "%s", labels);
        for (char *p = strtok_r(text, ",", &save); p; p = strtok_r(NULL, ",", &save))
                if (l.n < FACTS_LABELS_MAX)
                        list[l.n++] = p;
        l.n_total = l.n;
        label_forms_make(&forms, &l, true);
        label_list_match(&set->vocabularies[v], &l, &forms, &m);
        return m;
}

static void expect_identified(const char *const *lists, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                LabelMatch m = match(lists[i], "emotion");

                cr_expect(m.matches && m.certainty == CERTAINTY_IDENTIFIED, "%s", lists[i]);
                cr_expect_geq(m.confidence, 80U, "%s", lists[i]);
        }
}

Test(classify, lists_that_identify)
{
        static const char *const lists[] = {
                "angry,disgust,fear,happy,sad,surprise,neutral",                             /* FER2013 */
                "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF", /* FER+ */
                "Neutral,Happy,Sad,Surprise,Fear,Disgust,Anger,Contempt",                    /* AffectNet */
                "neutral,happy,sad,angry,fearful,disgusted,surprised",                       /* face-api */
                "AN,DI,AF,HA,SA,SU,NE",                                                      /* KDEF */
                "Ahegao,Angry,Happy,Neutral,Sad,Surprise",
                "neutral,happy,sad,surprise,anger",
                "neutral,calm,happy,sad,angry,fearful,disgust,surprised", /* RAVDESS */
                "female_angry,female_happy,female_sad,male_angry,male_happy,male_sad",
                "OAF_angry,OAF_disgust,OAF_Fear,OAF_happy,OAF_neutral,OAF_Pleasant_surprise,OAF_Sad", /* TESS */
                "neu,hap,ang,sad",         /* IEMOCAP */
                "ANG,DIS,FEA,HAP,NEU,SAD", /* CREMA-D */
                "arousal,dominance,valence",
                "生气/angry,厌恶/disgusted,恐惧/fearful,开心/happy,中立/neutral,其他/other,难过/sad,吃惊/"
                "surprised,<unk>",
                "<|HAPPY|>,<|SAD|>,<|ANGRY|>,<|NEUTRAL|>,<|FEARFUL|>,<|DISGUSTED|>,<|SURPRISED|>,<|EMO_"
                "UNKNOWN|>",
                "高兴,愤怒,悲伤,恐惧,惊讶,中性",                               /* zh */
                "anger,disgust,enthusiasm,fear,happiness,neutral,sadness",     /* RESD */
                "neutral,angry,positive,sad,other",                            /* Dusha */
                "злость,отвращение,страх,радость,грусть,удивление,нейтрально", /* ru */
                "ГНЕВ,ПЕЧАЛЬ,СЧАСТЬЕ",
                "ашу,жиіркеніш,қорқыныш,қуаныш,қайғы,таңданыс,бейтарап", /* kk */
                "怒り,嫌悪,恐れ,喜び,悲しみ,驚き",                       /* ja */
                "분노,혐오,공포,행복,슬픔,놀람,중립",                    /* ko */
                "colère,dégoût,peur,joie,tristesse,surprise,neutre",     /* fr */
                "COLERE,DEGOUT,PEUR,JOIE",
                "ira,asco,miedo,alegría,tristeza,sorpresa",       /* es */
                "Wut,Ekel,Angst,Freude,Trauer,Überraschung",      /* de */
                "rabbia,disgusto,paura,gioia,tristezza,sorpresa", /* it */
                "raiva,nojo,medo,alegria,tristeza,surpresa",      /* pt */
                "öfke,iğrenme,korku,mutlu,üzgün,şaşkın,doğal",    /* tr */
                "غضب,خوف,حزن,سعادة",                              /* ar */
                "sadness,joy,love,anger,fear,surprise",           /* dair-ai */
                "admiration,amusement,anger,annoyance,approval,caring,confusion,curiosity,desire,"
                "disappointment,"
                "disapproval,disgust,embarrassment,excitement,fear,gratitude,grief,joy,love,nervousness,"
                "optimism,pride,"
                "realization,relief,remorse,sadness,surprise,neutral", /* GoEmotions */
                "anger,joy,optimism,sadness",                          /* SemEval */
                "01-neutral,02-calm,03-happy,04-sad,05-angry",
                "Boring,Calm,Horror,Funny", /* game EEG */
        };

        expect_identified(lists, ARRAY_SIZE(lists));
}

/* Accents, invisible characters, letters of other alphabets, other encodings. */
Test(classify, disguised_lists)
{
        static const char *const lists[] = {
                "A\xcc\x81ngry,hap\xe2\x80\x8bpy,s\xd0\xb0"
                "d", /* an accent, a zero-width space, a Cyrillic a */
                "ＡＮＧＲＹ,ＨＡＰＰＹ,ＳＡＤ",
                "AngryFace,HappyFace,SadFace",
                "YW5ncnk=,aGFwcHk=,c2Fk",       /* base64 */
                "616e677279,6861707079,736164", /* hexadecimal */
                "4ngry,h4ppy,s4d",              /* digits for letters */
                "ᴀɴɢʀʏ,ʜᴀᴘᴘʏ,ꜱᴀᴅ",              /* small capitals */
                "𝐚𝐧𝐠𝐫𝐲,𝒉𝒂𝒑𝒑𝒚,𝚜𝚊𝚍",              /* mathematical letters */
        };

        expect_identified(lists, ARRAY_SIZE(lists));
}

/* Other words for the same, adjectives and verbs, in the languages of the vocabulary. */
Test(classify, lists_in_other_words)
{
        static const char *const lists[] = {
                "злой,грустный,счастливый,спокойный,испуганный",
                "ашулану,қорқу,жиіркену,қуану,мұңаю,таңғалу,бейтарап",
                "气愤,恶心,害怕,幸福,哀,吃惊,平静",
                "怒,嫌,恐,楽,哀,驚",
                "화난,싫음,불안,행복한,슬픈,놀란",
                "verärgert,angewidert,verängstigt,froh,betrübt",
                "énervé,dégoûté,effrayé,heureux,triste,étonné",
                "enfadado,asqueado,asustado,contento,triste,sorprendido",
                "irritado,nojo,assustado,alegre,triste,surpreso",
                "arrabbiato,schifo,spaventato,allegro,triste,stupore",
                "sinirli,tiksinmiş,korkmuş,neşeli,hüzün,şaşırmış",
                "غاضب,مشمئز,خائف,مسرور,حزين,مندهش",
                "gio,pau,rab,sor,tri",
                "HVHA,HVLA,LVHA,LVLA",
        };

        expect_identified(lists, ARRAY_SIZE(lists));
}

Test(classify, lists_that_make_suspects)
{
        static const char *const lists[] = {
                "a,d,f,h,n,sa,su", /* SAVEE: letters, so not enough */
                "a,n,h,s",
                "angry,happy,sad,car,bus,tree,house",
        };

        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                LabelMatch m = match(lists[i], "emotion");

                cr_expect(m.matches && m.certainty == CERTAINTY_SUSPECT, "%s", lists[i]);
        }
}

Test(classify, lists_that_are_no_emotions)
{
        static const char *const lists[] = {
                "negative,neutral,positive",
                "negative,positive",
                "neutral,calm,love",
                "fear,surprise,neutral",
                "happy,sad",
                "sad,sad,sad,sad",
                "entailment,neutral,contradiction",
                "toxic,severe_toxic,obscene,threat,insult,identity_hate",
                "yes,no,up,down,left,right,on,off,stop,go",
                "akiec,bcc,bkl,df,mel,nv,vasc",
                "airplane,automobile,bird,cat,deer,dog,frog",
                "drowsy,non_drowsy",
                "0-2,3-9,10-19,20-29",
                "male,female",
                "LABEL_0,LABEL_1,LABEL_2,LABEL_3,LABEL_4,LABEL_5,LABEL_6",
                "a,b,c,d,e,f,g",
                "Remotion,chemotion,transfer",
                "zero,one,two,three,four,five,six,seven,eight,nine",
                "angry bird,happy meal,sad song,fear street,disgust index",
                "pain,trust,pride,love",
        };

        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                LabelMatch m = match(lists[i], "emotion");

                cr_expect(!m.matches || m.needs_modality, "%s", lists[i]);
        }
}

/* Forty words most of which are emotions are a list; a hundred are a dictionary. */
Test(classify, long_lists_are_dictionaries)
{
        const char *labels[FACTS_LABELS_MAX];
        LabelList l = { .where = "test", .labels = labels };
        LabelMatch m;

        for (size_t i = 0; i < FACTS_LABELS_MAX; i++)
                labels[i] = i % 3 == 0 ? "angry" : i % 3 == 1 ? "happy" : "sad";
        l.n = l.n_total = 40;
        label_forms_make(&forms, &l, true);
        label_list_match(&set->vocabularies[vocabulary_find(set, "emotion")], &l, &forms, &m);
        cr_assert(m.matches);
        l.n = l.n_total = 41;
        label_forms_make(&forms, &l, true);
        label_list_match(&set->vocabularies[vocabulary_find(set, "emotion")], &l, &forms, &m);
        cr_assert_not(m.matches);
}

Test(classify, words)
{
        static const struct {
                const char *in, *out;
                unsigned flags;
        } cases[] = {
                { "RobertaEmotion", "roberta emotion", TOKENS_CAMEL },
                { "RobertaEmotion", "robertaemotion", 0 },
                { "fer2013_mini_XCEPTION", "fer 2013 mini xception", TOKENS_CAMEL },
                { "ViTForImageClassification", "vi t for image classification", TOKENS_CAMEL },
                { "01-neutral", "neutral", TOKENS_NO_DIGITS },
                { "Überraschung", "uberraschung", 0 },
                { "İĞRENME", "igrenme", 0 },
                { "ҚУАНЫШ", "қуаныш", 0 },
                { "h4ppy class 4", "happy class 4", TOKENS_SKELETON },
                { "й ё", "и е", 0 },
                { "ﬁt ｗｉｄｅ", "fit wide", 0 },
                { "s\u00ado\u200bft", "soft", 0 },
                { "...", "", 0 },
                { "\xff\xfe"
                  "a",
                  "a", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char tokens[TOKENS_SIZE];

                (void) text_tokens(cases[i].in, strlen(cases[i].in), cases[i].flags, tokens);
                cr_expect_str_eq(tokens, cases[i].out, "%s", cases[i].in);
        }
}

/* What facts keep of a string that is not one for C. */
Test(classify, wide_text)
{
        static const struct {
                const char *in;
                size_t n;
                const char *out;
        } cases[] = {
                { "s\0\0\0a\0\0\0d\0\0\0", 12, "sad" },
                { "\0\0\0s\0\0\0a\0\0\0d", 12, "sad" },
                { "s\0a\0d\0", 6, "sad" },
                { "\0s\0a\0d", 6, "sad" },
                { "n\0\0\0e\0\0\0u\0\0\0\0\0\0\0", 16, "neu" },
                { "\x35\x04\0\0\x34\x04\0\0", 8, "ед" },
                { "sad\0", 4, "sad" },
                { "s\0ad", 4, "sad" },
                { "angry\0", 6, "angry" },
                { "\0\0\0\0", 4, "" },
                { "sad", 3, "sad" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_facts_ ModelFacts f;
                const char *got;

                facts_init(&f);
                got = facts_text(&f, cases[i].in, cases[i].n);
                cr_expect_str_eq(got, cases[i].out, "%zu", i);
        }
}

/* A list hidden as one value, and a name. */
Test(classify, hidden_values)
{
        static const char *const values[] = {
                "YW5ncnksaGFwcHksc2FkLG5ldXRyYWw=",
                "WyJhbmdyeSIsImhhcHB5Iiwic2FkIiwibmV1dHJhbCJd",
                "616e6772792c68617070792c7361642c6e65757472616c",
                "YQBuAGcAcgB5ACwAaABhAHAAcAB5ACwAcwBhAGQA",
        };

        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                _cleanup_bytes_ Bytes graph = onnx_graph("net", 3, 300, 4),
                                      model = onnx_model(&graph, "x", values[i]);
                Classification c = scan_bytes_at(set, model.data, model.n, "");

                cr_expect_eq(c.status, SCAN_IDENTIFIED, "%s: %s", values[i],
                             scan_status_to_string((ScanStatus) c.status));
        }
}

static Classification classify_path(const char *path)
{
        _cleanup_bytes_ Bytes graph = onnx_graph("net", 3, 300, 12), model = onnx_model(&graph, NULL, NULL);

        return scan_bytes_at(set, model.data, model.n, path);
}

/* A path is never more than a suspicion, whole words only, and distance makes it weaker. */
Test(classify, paths)
{
        static const struct {
                const char *path;
                ScanStatus status;
        } cases[] = {
                { "/srv/models/emotion_net.onnx", SCAN_SUSPECT },
                { "/srv/FER2013/model.onnx", SCAN_SUSPECT },
                { "/srv/facial-expression/v1.onnx", SCAN_SUSPECT },
                { "/home/u/emotion/models/detector/yolo.onnx", SCAN_CLEAN },
                { "/srv/remotion/model.onnx", SCAN_CLEAN },
                { "/srv/node_modules/@emotion/react/model.onnx", SCAN_CLEAN },
                { "/srv/chemotion.onnx", SCAN_CLEAN },
                { "/srv/transfer/server.onnx", SCAN_CLEAN },
                { "/srv/user.onnx", SCAN_CLEAN },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Classification c = classify_path(cases[i].path);

                cr_expect_eq(c.status, cases[i].status, "%s: %s", cases[i].path,
                             scan_status_to_string((ScanStatus) c.status));
        }
}

static Classification classify_graph(const char *graph_name, const char *key, const char *value,
                                     const char *path)
{
        _cleanup_bytes_ Bytes graph = onnx_graph(graph_name, 3, 300, 4),
                              model = onnx_model(&graph, key, value);

        return scan_bytes_at(set, model.data, model.n, path);
}

Test(classify, names_inside_identify)
{
        Classification c = classify_graph("EmotionNet", NULL, NULL, "");

        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
        cr_assert(has_evidence(&c, "emotion.face", "internal-name"));
        /* A race is no race car when it is what a net puts out. */
        c = classify_graph("race_output", NULL, NULL, "");
        cr_assert_eq(certainty_of(&c, "biometric-categorisation"), CERTAINTY_IDENTIFIED);
        c = classify_graph("race_car_detector", NULL, NULL, "");
        cr_assert_neq(certainty_of(&c, "biometric-categorisation"), CERTAINTY_IDENTIFIED);
        c = classify_graph("torch-jit-export", NULL, NULL, "");
        cr_assert_eq(c.status, SCAN_CLEAN);
}

/* What is about music is a suspect only; but nobody gets there by renaming the file. */
Test(classify, contrary_words)
{
        Classification c = classify_graph("music mood", "names", "happy,sad,angry,relaxed", "");

        cr_assert_eq(c.status, SCAN_SUSPECT);
        c = classify_graph("net", "names", "happy,sad,angry,relaxed", "/srv/music/dog.onnx");
        cr_assert_eq(c.status, SCAN_IDENTIFIED);
}

/* By its path a model may become more suspect, not less. */
Test(classify, modality_by_path_does_not_turn_away)
{
        static const char header[] = "{\"__metadata__\":{\"labels\":\"angry,happy,sad,fear\"},"
                                     "\"x\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}";
        _cleanup_bytes_ Bytes b = safetensors(header, strlen(header), 16);
        Classification c = scan_bytes_at(set, b.data, b.n, "/srv/text/model.safetensors");

        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
        cr_assert_eq(certainty_of(&c, "emotion.text"), CERTAINTY_IDENTIFIED);
}

/* As much as the facts hold, in the forms that cost most: ten thousand labels and thousands of names. */
Test(classify, bounded_work)
{
        static const char *const patterns[] = { "a/", "f ", "YW5n", "\xd0\xb5/" };
        struct timespec begin, end;

        for (size_t p = 0; p < ARRAY_SIZE(patterns); p++) {
                _cleanup_facts_ ModelFacts f;
                Classification c = {};
                char text[201];

                facts_init(&f);
                for (size_t i = 0; i < 200; i++)
                        text[i] = patterns[p][i % strlen(patterns[p])];
                for (int l = 0; l < 240; l++) {
                        LabelListBuilder b;

                        label_list_begin(&b);
                        for (int i = 0; i < 40; i++)
                                label_list_add(&f, &b, text, 80);
                        label_list_finish(&f, &b, false, false, "labels");
                }
                for (int i = 0; i < 3500; i++)
                        facts_add_name(&f, FACT_METADATA, false, "name", text, 200);
                cr_assert_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin), 0);
                cr_assert_eq(classify(&f, "", set, &c), 0);
                cr_assert_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end), 0);
                /* Without the sanitizers it is 30 ms; unbounded it was 1200. */
                cr_expect_lt((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000,
                             600, "%s", patterns[p]);
        }
}
