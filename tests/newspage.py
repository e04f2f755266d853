"""A made-up page of a newspaper, with all that stands around an article, for tests of full texts."""

from __future__ import annotations

from feedserver import Response

TITLE = "Le pont rouvre"
TEASER = "Après onze mois de travaux, le pont du port a rouvert lundi matin aux voitures. Les […]"
BEGINNING = "Les ingénieurs de la ville ont remplacé"

PAGE = """<!doctype html><html lang="fr"><head><title>Le pont rouvre — Le Fanal</title>
<script>var a = 1</script><base href="/ville/"></head><body onload="steal()">
<div id="cookie-banner" class="cookie-consent">
<p>Nous utilisons des cookies pour mesurer notre audience.</p></div>
<header><nav><ul><li><a href="/">Accueil</a></li><li><a href="/sport">Le sport</a></li></ul></nav></header>
<main><article><h1>Le pont rouvre</h1>
<figure><img src="data:image/gif;base64,R0lGOD" data-src="img/pont.jpg" alt="Le pont vu du port"></figure>
<p>Après onze mois de travaux, le pont du port a rouvert lundi matin aux voitures.</p>
<p onclick="steal()">Les ingénieurs de la ville ont remplacé <em>quarante-deux</em> câbles, dont certains
dataient de <a href="../archives/1931.html">1931</a>, a expliqué la maire Solène Kervadec devant une centaine
d'habitants réunis sur le quai malgré la pluie.</p>
<h2>Un chantier retardé</h2>
<p>Le chantier devait durer six mois. La découverte de corrosion dans les ancrages, en mars, a obligé
l'entreprise Armor Câbles à commander de nouvelles pièces en Norvège, puis à attendre la fin des tempêtes.</p>
<script>alert(1)</script><iframe src="https://video.example/1"></iframe>
<p>Les commerçants de la rue des Voiliers, qui ont perdu un tiers de leur clientèle, espèrent retrouver les
passants avant les fêtes. <a href="javascript:steal()">Partager</a></p>
</article><aside><h2>À lire aussi</h2><ul><li><a href="/a">Le phare éteint</a></li></ul></aside>
<section id="comments"><p>Jean : enfin !</p></section></main>
<footer><p>© Le Fanal, tous droits réservés.</p></footer></body></html>"""

STUB = """<html><head><title>Le pont rouvre — Le Fanal</title></head><body><article><h1>Le pont rouvre</h1>
<p>Après onze mois de travaux, le pont du port a rouvert lundi matin aux voitures. Les ingénieurs…</p>
<p>Cet article est réservé aux abonnés.</p></article></body></html>"""

WALL = """<html><head><title>Avant de continuer</title></head><body><article><h1>Votre vie privée</h1>
<p>Nous et nos huit cents partenaires stockons des informations sur votre appareil pour personnaliser les
annonces, mesurer leur performance et produire des statistiques de fréquentation. Vous pouvez accepter ou
refuser chaque finalité, à tout moment, en cliquant sur le bouton au bas de chaque écran.</p></article></body>
</html>"""


def html(text: str, charset: str = "utf-8") -> Response:
    return Response(body=text.encode(charset), headers={"Content-Type": f"text/html; charset={charset}"})
